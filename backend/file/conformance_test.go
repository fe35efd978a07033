package file_test

import (
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/backend/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		New: func(t testing.TB) storetest.Place {
			path := filepath.Join(t.TempDir(), "credentials.yml.enc")
			return storetest.Place{Open: func() (backend.Store, error) {
				return file.NewStore(path, ""), nil
			}}
		},
	})
}
