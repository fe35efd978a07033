package quick

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flask-vault/flask-vault/cmd/internal/crash"
)

// Main is the program flask-vault-textconv: the short way, and where that does not
// get there, flask-vault git textconv in the place of this process. It returns its
// exit code.
func Main() (code int) {
	defer crash.Report(os.Stderr, "flask-vault-textconv", &code)
	path, vaults, ok := Parse(os.Args[1:])
	if !ok {
		fmt.Fprintln(os.Stderr, "usage: flask-vault-textconv [--vault DIR]... FILE")
		return 2
	}
	if text, ok := File(context.Background(), path, vaults); ok {
		if _, err := os.Stdout.Write(text); err != nil {
			fmt.Fprintln(os.Stderr, "flask-vault-textconv:", err)
			return 1
		}
		return 0
	}
	if err := become(sibling("flask-vault"), append([]string{"git", "textconv"}, os.Args[1:]...)); err != nil {
		// git goes on with what this prints, and gives up on any other exit code.
		fmt.Printf("(encrypted, and not opened: flask-vault does not start: %v)\n", err)
	}
	return 0
}

// sibling is the program of that name beside this one, or what the PATH has.
func sibling(name string) string {
	self, err := os.Executable()
	if err != nil {
		return name
	}
	path := filepath.Join(filepath.Dir(self), name+filepath.Ext(self))
	if _, err := os.Stat(path); err != nil {
		return name
	}
	return path
}
