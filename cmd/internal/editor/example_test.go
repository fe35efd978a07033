//go:build unix

package editor_test

import (
	"context"
	"fmt"
	"os"

	"github.com/flask-vault/flask-vault/cmd/internal/editor"
)

// Any program that changes a file in place can be the editor.
func ExampleRun() {
	res, err := editor.Run(context.Background(), editor.Options{
		Name:     "credentials.yml",
		Text:     []byte("user: ada\npassword: letmein\n"),
		Fallback: os.TempDir(),
		Env:      append(os.Environ(), "VISUAL=", "EDITOR=sed -i.old 's/letmein/correct horse/'"),
		In:       os.Stdin, Out: os.Stdout, Err: os.Stderr,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("changed: %v\n%s", res.Changed, res.Text)
	// Output:
	// changed: true
	// user: ada
	// password: correct horse
}
