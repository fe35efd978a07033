package wrapped_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins/internal/wrapped"
)

func Example() {
	dir, err := os.MkdirTemp("", "wrapped-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	f, err := wrapped.At(keysource.Settings{wrapped.Directory: dir}, "file", "master.key.shop")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = f.Read(100)
	fmt.Println(err, errors.Is(err, keysource.ErrNoKey))
	fmt.Println(f.Write([]byte("wrapped\n")))
	text, err := f.Read(100)
	fmt.Printf("%q %v\n", text, err)
	// Output:
	// there is no file master.key.shop true
	// <nil>
	// "wrapped\n" <nil>
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	for _, s := range []keysource.Settings{
		nil,
		{wrapped.Directory: "relative"},
		{wrapped.Directory: dir, "file": "../up"},
		{wrapped.Directory: dir, "file": "/etc/passwd"},
		{wrapped.Directory: dir, "file": "a\nb"},
	} {
		if _, err := wrapped.At(s, "file", "x"); err == nil {
			t.Errorf("%v was taken", s)
		}
	}
}

// What a cloned project holds must not reach a file elsewhere.
func TestLinksLeadNowhere(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	target := filepath.Join(other, "target")
	if err := os.WriteFile(target, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, link := range [][2]string{{target, "file"}, {other, "dir"}, {"file2", "inner"}} {
		if err := os.Symlink(link[0], filepath.Join(dir, link[1])); err != nil {
			t.Skip("NOT TESTED: this system makes no symbolic links")
		}
	}
	for _, name := range []string{"file", "dir/target", "inner"} {
		f, err := wrapped.At(keysource.Settings{wrapped.Directory: dir, "file": name}, "file", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Read(10); err == nil || errors.Is(err, keysource.ErrNoKey) {
			t.Errorf("%s was read: %v", name, err)
		}
		if err := f.Write([]byte("theirs")); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if text, err := os.ReadFile(target); err != nil || string(text) != "mine" {
		t.Errorf("it is %q now, %v", text, err)
	}
}

func TestALargeFileAndADirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), make([]byte, 11), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x", "d"} {
		f, err := wrapped.At(keysource.Settings{wrapped.Directory: dir, "file": name}, "file", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Read(10); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f, _ := wrapped.At(keysource.Settings{wrapped.Directory: dir, "file": "no/such"}, "file", "")
	if _, err := f.Read(10); !errors.Is(err, keysource.ErrNoKey) {
		t.Errorf("a directory that is not there: %v", err)
	}
	if err := f.Write([]byte("x")); err == nil || errors.Is(err, keysource.ErrNoKey) || !strings.Contains(err.Error(), "there is no directory no; make it first") {
		t.Errorf("Write into a directory that is not there: %v", err)
	}
	gone, _ := wrapped.At(keysource.Settings{wrapped.Directory: filepath.Join(dir, "gone")}, "file", "x")
	if _, err := gone.Read(10); err == nil || errors.Is(err, keysource.ErrNoKey) {
		t.Errorf("a vault's directory that is not there: %v", err)
	}
}
