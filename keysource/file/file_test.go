package file_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/file"
)

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := "MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
	for name, c := range map[string]struct {
		path string
		err  error
	}{
		"good":      {write("good", good, 0o600), nil},
		"missing":   {filepath.Join(dir, "missing"), keysource.ErrNoKey},
		"empty":     {write("empty", "", 0o600), keysource.ErrBadKey},
		"words":     {write("words", "not a key", 0o600), keysource.ErrBadKey},
		"very long": {write("long", strings.Repeat("A", 1<<20), 0o600), keysource.ErrBadKey},
	} {
		if _, err := file.New(c.path, file.Options{}).Load(t.Context()); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
	}
	if _, err := file.New(dir, file.Options{}).Load(t.Context()); err == nil || errors.Is(err, keysource.ErrNoKey) {
		t.Errorf("directory: %v", err)
	}
	if runtime.GOOS == "windows" {
		return // no mode bits there
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o602, 0o660} {
		exposed := write("exposed", good, mode)
		var insecure *file.InsecureError
		if _, err := file.New(exposed, file.Options{}).Load(t.Context()); !errors.As(err, &insecure) || insecure.Mode.Perm() != mode {
			t.Errorf("mode %o: %v", mode, err)
		}
		if _, err := file.New(exposed, file.Options{Insecure: true}).Load(t.Context()); err != nil {
			t.Errorf("mode %o, allowed: %v", mode, err)
		}
	}
}

func TestSaveKeepsWhatItCannotRead(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "master.key")
	s := file.New(path, file.Options{})
	one, two := keysource.NewKey(), keysource.NewKey()
	for _, k := range []keysource.Key{one, one, two} {
		if err := s.Save(ctx, k); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Load(ctx); err != nil || !got.Equal(k) {
			t.Fatalf("saved %v, loaded %v, %v", k, got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("a key with a typing mistake"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(ctx, one); err == nil {
		t.Error("a file that cannot be read was replaced")
	}
	if err := s.Delete(ctx); err != nil {
		t.Error(err)
	}
	if err := s.Delete(ctx); !errors.Is(err, keysource.ErrNoKey) {
		t.Errorf("deleting nothing: %v", err)
	}
}

func Example() {
	dir, _ := os.MkdirTemp("", "key")
	defer os.RemoveAll(dir)
	s := file.New(filepath.Join(dir, "master.key"), file.Options{Name: "master.key"})
	_, err := s.Load(context.Background())
	fmt.Printf("%s: %v\n", s.Name(), err)
	// Output: file master.key: no key: there is no such file
}
