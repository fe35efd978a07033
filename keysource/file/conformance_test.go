package file_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/file"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
)

func TestConformance(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	keysourcetest.Run(t, keysourcetest.Harness{
		New: func(s keysource.Settings) (keysource.Source, error) {
			return file.New(s["path"], file.Options{}), s.Only("path")
		},
		Settings: keysource.Settings{"path": path},
		Put:      func(text []byte) error { return os.WriteFile(path, text, 0o600) },
		Clear: func() error {
			if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		},
	})
}
