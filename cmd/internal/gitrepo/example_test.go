package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
)

func ExampleFind() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	_, err = gitrepo.Find(context.Background(), dir, append(os.Environ(), "GIT_CEILING_DIRECTORIES="+os.TempDir()))
	fmt.Println(errors.Is(err, gitrepo.ErrNone))
	// Output: true
}
