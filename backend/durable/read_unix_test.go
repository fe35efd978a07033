//go:build unix

package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// TestReadNeverWaits: a pipe that nobody writes to and a device without end are
// refused at once, a pipe with content is read where a person may name one.
func TestReadNeverWaits(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var input *durable.InputError
	for _, path := range []string{pipe, "/dev/zero", "/dev/null"} {
		if _, err := durable.ReadFile(path, 100); !errors.As(err, &input) {
			t.Errorf("ReadFile %s: %v", path, err)
		}
		if _, err := durable.ReadInput(path, 100); !errors.As(err, &input) {
			t.Errorf("ReadInput %s: %v", path, err)
		}
	}
	if _, err := durable.ReadInput(pipe+"-not", 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	if text, err := durable.ReadInput("/dev/fd/"+fmt.Sprint(r.Fd()), 100); string(text) != "content" || err != nil {
		t.Errorf("a pipe of a shell: %q, %v", text, err)
	}
}
