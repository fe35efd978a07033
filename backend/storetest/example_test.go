package storetest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/backend/storetest"
)

// A test of a store of one's own: the suite, over files here.
func ExampleRun() {
	_ = func(t *testing.T) {
		storetest.Run(t, storetest.Harness{
			New: func(t testing.TB) storetest.Place {
				path := filepath.Join(t.TempDir(), "credentials.yml.enc")
				return storetest.Place{Open: func() (backend.Store, error) { return file.NewStore(path, ""), nil }}
			},
		})
	}
}

// Two writers and one watcher on a file.
func ExampleContend() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	place := storetest.Place{Open: func() (backend.Store, error) {
		return file.NewStore(filepath.Join(dir, "credentials.yml.enc"), ""), nil
	}}
	report, err := storetest.Contend(context.Background(), place, storetest.Contention{Writers: 2, Watchers: 1, Saves: 5})
	fmt.Println(report.Acknowledged, report.Lost, err)
	// Output: 10 0 <nil>
}
