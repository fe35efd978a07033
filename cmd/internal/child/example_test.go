package child_test

import (
	"fmt"
	"io"
	"os"

	"github.com/flask-vault/flask-vault/cmd/internal/child"
	"github.com/flask-vault/flask-vault/cmd/internal/redact"
)

func ExampleRun() {
	path, err := child.Find("sh")
	if err != nil {
		fmt.Println(err, child.StartCode(err))
		return
	}
	secrets := redact.Compile([]string{"hunter22"})
	signals := child.Watch()
	defer signals.Stop()
	code, err := child.Run(child.Command{
		Path: path, Args: []string{"sh", "-c", "echo password $PASSWORD; exit 3"},
		Env:     []string{"PASSWORD=hunter22"},
		In:      os.Stdin,
		Out:     os.Stdout,
		Err:     os.Stderr,
		Filter:  func(w io.Writer) io.WriteCloser { return secrets.NewWriter(w) },
		Signals: signals,
	})
	fmt.Println(code, err)
	// Output:
	// password [redacted]
	// 3 <nil>
}
