package textconv_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flask-vault/flask-vault/cmd/internal/textconv"
)

func ExampleFile() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "credentials.yml.enc")
	if err := os.WriteFile(path, []byte("password: hunter22\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	text, err := textconv.File(context.Background(), path, []string{dir})
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// (not an encrypted file: it looks like plain text that was never encrypted)
	// password: hunter22
	// <nil>
}
