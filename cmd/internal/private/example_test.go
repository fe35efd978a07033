package private_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/flask-vault/flask-vault/cmd/internal/private"
)

func ExampleMake() {
	memory := private.MemoryDirs(os.Getenv("XDG_RUNTIME_DIR"))
	var file string
	dir, _, err := private.Make(memory, os.TempDir(), func(d *private.Dir) (err error) {
		file, err = d.Write("server.pem", []byte("-----BEGIN PRIVATE KEY-----\n"), true)
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filepath.Base(file))
	if err := dir.Remove(); err != nil {
		fmt.Println(err)
	}
	_, err = os.Stat(file)
	fmt.Println("gone:", os.IsNotExist(err))
	// Output:
	// server.pem
	// gone: true
}
