package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
)

func TestConformance(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	keysourcetest.Run(t, keysourcetest.Harness{
		New: New, Settings: keysource.Settings{"dir": dir},
		Put:   func(text []byte) error { return os.WriteFile(path, text, 0o600) },
		Clear: func() error { return os.RemoveAll(path) },
	})
}
