// Command demo makes a vault in a temporary directory, stores a secret in it,
// reads it back, and removes the directory:
//
//	go run ./docs/demo
//
// It runs the real program, built from this checkout. The text that it prints is
// the first console session of README.md.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	secret = "db.password: correct horse battery staple"

	// asEditor makes this program the editor that flask-vault starts.
	asEditor = "FLASK_VAULT_DEMO_EDITOR"
)

func main() {
	act := demo
	if os.Getenv(asEditor) != "" {
		act = func() error { return edit(os.Args[len(os.Args)-1]) }
	}
	if err := act(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// edit does what a person would do in an editor: it adds a line at the end.
func edit(file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, secret); err != nil {
		return err
	}
	return f.Close()
}

func demo() error {
	dir, err := os.MkdirTemp("", "flask-vault-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "flask-vault")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.Command("go", "build", "-o", program, "./cmd/flask-vault")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w; run the demo from the top of a checkout", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	vault := filepath.Join(dir, "vault")
	if err := os.Mkdir(vault, 0o700); err != nil {
		return err
	}
	for _, step := range []struct{ command, comment string }{
		{"init", ""},
		{"edit", `    # in your editor, add the line "` + secret + `"`},
		{"get db.password", ""},
	} {
		fmt.Printf("$ flask-vault %s%s\n", step.command, step.comment)
		cmd := exec.Command(program, strings.Fields(step.command)...)
		cmd.Dir = vault
		cmd.Env = append(environment(), "VISUAL="+self, asEditor+"=1")
		// Both streams in their order, as a terminal shows them.
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("flask-vault %s: %w", step.command, err)
		}
	}
	return nil
}

// environment leaves out what could lead the program to another vault or key.
func environment() []string {
	var kept []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "FLASK_VAULT_") {
			kept = append(kept, entry)
		}
	}
	return kept
}
