package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/backend/durable"
)

func TestRegular(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var input *durable.InputError
	for path, want := range map[string]string{file: "", dir: "it is a directory, not a file", os.DevNull: "it is a device, not a file"} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		err = durable.Regular(info)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want || !errors.As(err, &input)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
