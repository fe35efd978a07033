package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/flask-vault/flask-vault/backend/durable"
)

func write(dest, text string, finish func(*durable.File) error) error {
	f, err := durable.New(dest, 0o644)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write([]byte(text)); err != nil {
		return err
	}
	return finish(f)
}

func TestCreateNeverReplaces(t *testing.T) {
	dest := filepath.Join(t.TempDir(), "f")
	if err := write(dest, "one", (*durable.File).Create); err != nil {
		t.Fatal(err)
	}
	if err := write(dest, "two", (*durable.File).Create); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create over a file: %v", err)
	}
	if err := write(dest, "three", (*durable.File).Replace); err != nil {
		t.Errorf("replace: %v", err)
	}
	if text, _ := os.ReadFile(dest); string(text) != "three" {
		t.Errorf("content %q", text)
	}
	only(t, filepath.Dir(dest), "f")
}

func TestDiscardLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	f, err := durable.New(filepath.Join(dir, "f"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if !durable.IsTemp(filepath.Base(f.Name())) {
		t.Errorf("%s is not known for a temporary name", f.Name())
	}
	f.Discard()
	only(t, dir)
}

func TestWhatIsBeingWrittenIsInUse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: Windows itself removes no file that is open")
	}
	f, err := durable.New(filepath.Join(t.TempDir(), "f"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if !durable.InUse(f.Name()) {
		t.Error("a file that is being written counts as left over")
	}
	if err := f.Close(); err != nil { // as the end of the process would
		t.Fatal(err)
	}
	if durable.InUse(f.Name()) || durable.InUse(f.Name()+"x") {
		t.Error("a file that nobody writes counts as in use")
	}
}

func TestALinkIsReplacedNotFollowed(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("safe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := write(filepath.Join(dir, "link"), "new", (*durable.File).Replace); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(target); string(text) != "safe" {
		t.Error("the target of the link was written")
	}
}

func TestSecretsAreForTheirOwnerAlone(t *testing.T) {
	dest := filepath.Join(t.TempDir(), "key")
	if err := durable.WriteSecret(dest, []byte("k"), (*durable.File).Create); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dest); err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the directory holds %v, want %v", got, want)
	}
}

func ExampleFile_Replace() {
	dir, _ := os.MkdirTemp("", "durable")
	defer os.RemoveAll(dir)
	dest := filepath.Join(dir, "settings")

	f, err := durable.New(dest, 0o644)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Discard() // does nothing once Replace has succeeded
	fmt.Fprintln(f, "color: blue")
	_, err = os.Stat(dest)
	fmt.Println("there before Replace:", err == nil)
	err = f.Replace()
	fmt.Println(err)
	text, _ := os.ReadFile(dest)
	fmt.Print(string(text))
	// Output:
	// there before Replace: false
	// <nil>
	// color: blue
}
