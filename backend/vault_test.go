package backend_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/yaml"
	"github.com/flask-vault/flask-vault/keysource"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

// options are those of a vault with a key file in dir.
func options(dir string) backend.Options {
	return backend.Options{
		Store:  storefile.NewStore(filepath.Join(dir, "credentials.yml.enc"), "credentials.yml.enc"),
		Keys:   keysource.Chain{keyfile.New(filepath.Join(dir, "master.key"), keyfile.Options{Name: "master.key"})},
		Format: yaml.Format{},
	}
}

// newVault makes a vault with the given text.
func newVault(t *testing.T, text string) (*backend.Vault, backend.Options) {
	t.Helper()
	o := options(t.TempDir())
	if _, err := backend.Init(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	v, err := backend.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, v, text)
	return v, o
}

func replace(t *testing.T, v *backend.Vault, text string) {
	t.Helper()
	if _, err := v.Edit(t.Context(), func([]byte) ([]byte, error) { return []byte(text), nil }); err != nil {
		t.Fatal(err)
	}
}

func TestInitMakesWhatIsMissingAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	first, err := backend.Init(t.Context(), o)
	if err != nil || !first.Key || !first.Document {
		t.Fatalf("first run: %+v, %v", first, err)
	}
	before := readAll(t, dir)
	second, err := backend.Init(t.Context(), o)
	if err != nil || second.Key || second.Document || second.KeyID != first.KeyID {
		t.Errorf("second run: %+v, %v", second, err)
	}
	if after := readAll(t, dir); after != before {
		t.Error("the second run changed a file")
	}
	if err := os.Remove(filepath.Join(dir, "master.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.Init(t.Context(), o); !errors.Is(err, backend.ErrKeyLost) {
		t.Errorf("without the key: %v, want ErrKeyLost", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "master.key")); err == nil {
		t.Error("a second key was made beside an encrypted file")
	}
}

// TestInitAtOnce starts several at the same moment: whoever loses the race must
// not take the winner's key away.
func TestInitAtOnce(t *testing.T) {
	for range 20 {
		o := options(t.TempDir())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { _, _ = backend.Init(context.Background(), o) })
		}
		wg.Wait()
		if _, err := backend.Init(t.Context(), o); err != nil {
			t.Fatalf("after the race: %v", err)
		}
		if _, err := backend.Open(t.Context(), o); err != nil {
			t.Fatalf("after the race: %v", err)
		}
	}
}

func readAll(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(e.Name() + "=" + string(text) + "\n")
	}
	return b.String()
}

func TestGet(t *testing.T) {
	v, _ := newVault(t, "db.password: hunter2\nempty:\nmail: {smtp: {port: 0587}}\n")
	for path, want := range map[string]string{"db.password": "hunter2", "mail.smtp.port": "0587"} {
		if s, err := v.Get(path); err != nil || s.Reveal() != want {
			t.Errorf("Get(%q): %v", path, err)
		}
	}
	for _, path := range []string{"empty", "db", "nothing"} {
		if _, err := v.Get(path); !errors.Is(err, format.ErrNotFound) {
			t.Errorf("Get(%q): %v, want ErrNotFound", path, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	_, o := newVault(t, "a: b\n")
	open := func(change func(*backend.Options)) error {
		changed := o
		change(&changed)
		_, err := backend.Open(t.Context(), changed)
		return err
	}
	other := filepath.Join(t.TempDir(), "other.key")
	if err := keyfile.New(other, keyfile.Options{}).Save(t.Context(), keysource.NewKey()); err != nil {
		t.Fatal(err)
	}
	otherKey := keysource.Chain{keyfile.New(other, keyfile.Options{})}

	if err := open(func(o *backend.Options) { o.Keys = otherKey }); !errors.Is(err, backend.ErrAuth) {
		t.Errorf("another key: %v", err)
	}
	var wrong *backend.WrongKeyError
	if err := open(func(o *backend.Options) { o.Keys = otherKey; o.KeyID = "01234567" }); !errors.As(err, &wrong) || wrong.Want != "01234567" {
		t.Errorf("another key than recorded: %v", err)
	}
	if err := open(func(o *backend.Options) { o.Keys = nil }); !errors.Is(err, keysource.ErrNoKey) {
		t.Errorf("no source: %v", err)
	}
	if err := open(func(o *backend.Options) { o.Store = storefile.NewStore("/nowhere/x.enc", "") }); !errors.Is(err, backend.ErrNoVault) {
		t.Errorf("no file: %v", err)
	}
}

func TestEditSavesWhatChanged(t *testing.T) {
	v, o := newVault(t, "a: 1\n")
	path := o.Store.(*storefile.Store).Path()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := v.Edit(t.Context(), func(text []byte) ([]byte, error) { return text, nil })
	if err != nil || saved {
		t.Errorf("unchanged text: saved %v, %v", saved, err)
	}
	_, err = v.Edit(t.Context(), func([]byte) ([]byte, error) { return []byte("a: [unclosed"), nil })
	var syntax *format.SyntaxError
	if !errors.As(err, &syntax) {
		t.Errorf("invalid text: %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was written although nothing was to be saved")
	}
	replace(t, v, "a: 2\n")
	again, err := backend.Open(t.Context(), o)
	if err != nil || string(again.Text()) != "a: 2\n" || string(v.Text()) != "a: 2\n" {
		t.Errorf("after a save: %v", err)
	}
}

func TestEditNeverOverwritesAnother(t *testing.T) {
	v, o := newVault(t, "a: 1\n")
	other, err := backend.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, other, "a: theirs\n")
	_, err = v.Edit(t.Context(), func([]byte) ([]byte, error) { return []byte("a: mine\n"), nil })
	if !errors.Is(err, backend.ErrConflict) {
		t.Fatalf("%v, want ErrConflict", err)
	}
	if err := v.Reload(t.Context()); err != nil || string(v.Text()) != "a: theirs\n" {
		t.Errorf("after the conflict: %v", err)
	}
}

// uncertain is a store whose answer gets lost, as that of a server can.
type uncertain struct {
	backend.Store
	write bool
}

func (s uncertain) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	if s.write {
		if _, err := s.Store.Save(ctx, blob, prev); err != nil {
			return "", err
		}
	}
	return "", backend.ErrUncertain
}

func TestAnUncertainSaveIsLookedUp(t *testing.T) {
	for _, write := range []bool{true, false} {
		_, o := newVault(t, "a: 1\n")
		o.Store = uncertain{o.Store, write}
		v, err := backend.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Edit(t.Context(), func([]byte) ([]byte, error) { return []byte("a: 2\n"), nil })
		if write && err != nil || !write && !errors.Is(err, backend.ErrUncertain) {
			t.Errorf("written %v: %v", write, err)
		}
	}
}

func TestAnUncertainInitIsLookedUp(t *testing.T) {
	for _, write := range []bool{true, false} {
		o := options(t.TempDir())
		o.Store = uncertain{o.Store, write}
		created, err := backend.Init(t.Context(), o)
		if created.Document != write || write && err != nil || !write && !errors.Is(err, backend.ErrUncertain) {
			t.Errorf("written %v: %+v, %v", write, created, err)
		}
	}
}

// thenAnother is a store that has somebody else act right after a save.
type thenAnother struct {
	backend.Store
	act *func()
}

func (s thenAnother) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	version, err := s.Store.Save(ctx, blob, prev)
	if act := *s.act; act != nil {
		*s.act = nil
		act()
	}
	return version, err
}

// TestASaveTakesNothingBack has a goroutine that watches take up what another
// process saved over an edit before the edit has returned.
func TestASaveTakesNothingBack(t *testing.T) {
	_, o := newVault(t, "a: 1\n")
	other, err := backend.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var act func()
	o.Store = thenAnother{o.Store, &act}
	v, err := backend.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	theirs := func() {
		if err := other.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		replace(t, other, string(other.Text())+"b: theirs\n")
		if err := v.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	act = theirs
	replace(t, v, "a: mine\n")
	if text := string(v.Text()); text != "a: mine\nb: theirs\n" {
		t.Errorf("after an edit: %q", text)
	}
	act = theirs
	if err := v.Reseal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := string(v.Text()); text != "a: mine\nb: theirs\nb: theirs\n" {
		t.Errorf("after a reseal: %q", text)
	}
}

// TestReloadAsksForPreviousKeysAgain has the document of before a rekey come back,
// as with a commit, together with the previous keys that open it.
func TestReloadAsksForPreviousKeysAgain(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	o.Previous = filepath.Join(dir, "credentials.previous.enc")
	if _, err := backend.Init(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	v, err := backend.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	old := keysource.NewKey()
	was, err := backend.NewCipher(old)
	if err != nil {
		t.Fatal(err)
	}
	before, err := was.Seal([]byte("a: before\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := v.SealKeys([]keysource.Key{old})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{filepath.Join(dir, "credentials.yml.enc"): before, o.Previous: keys} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Reload(t.Context()); err != nil || string(v.Text()) != "a: before\n" {
		t.Errorf("%v", err)
	}
}

func TestFilesAreNeverWrittenOverOthers(t *testing.T) {
	ctx, dir, c := t.Context(), t.TempDir(), newCipher(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string, mode os.FileMode) string {
		t.Helper()
		if err := os.WriteFile(path(name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path(name), mode); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	src := write("plain", "one", 0o600)
	if err := c.EncryptFile(ctx, src, path("plain.enc"), backend.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(path("plain.enc"))
	if err := c.EncryptFile(ctx, src, path("plain.enc"), backend.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(path("plain.enc")); !bytes.Equal(first, again) {
		t.Error("an unchanged file was encrypted anew")
	}
	write("plain", "two", 0o600)
	if err := c.EncryptFile(ctx, src, path("plain.enc"), backend.FileOptions{}); err != nil {
		t.Errorf("an earlier version was not replaced: %v", err)
	}
	if got, err := c.OpenFile(path("plain.enc")); err != nil || string(got) != "two" {
		t.Errorf("after replacing: %v", err)
	}

	var refused *backend.DestinationError
	for what, dst := range map[string]string{
		"a file of somebody else": write("other.enc", "not ours", 0o644),
		"a symbolic link":         link(t, os.Symlink, write("target", "t", 0o644), path("link.enc")),
		"a hard link to itself":   link(t, os.Link, src, path("same.enc")),
		"a directory":             dir,
	} {
		before, _ := os.ReadFile(dst)
		if err := c.EncryptFile(ctx, src, dst, backend.FileOptions{}); !errors.As(err, &refused) {
			t.Errorf("encrypt onto %s: %v", what, err)
		}
		if err := c.DecryptFile(ctx, path("plain.enc"), dst, backend.FileOptions{}); !errors.As(err, &refused) && what != "a hard link to itself" {
			t.Errorf("decrypt onto %s: %v", what, err)
		}
		if after, _ := os.ReadFile(dst); !bytes.Equal(before, after) {
			t.Errorf("%s was written", what)
		}
	}
	if err := c.EncryptFile(ctx, src, path("other.enc"), backend.FileOptions{Force: true}); err != nil {
		t.Errorf("with force: %v", err)
	}
	if err := c.EncryptFile(ctx, src, path("link.enc"), backend.FileOptions{Force: true}); !errors.As(err, &refused) {
		t.Errorf("force onto a link: %v", err)
	}
	for _, e := range mustReadDir(t, dir) {
		if strings.HasSuffix(e.Name(), ".tmp") {
			t.Errorf("%s is left over", e.Name())
		}
	}
}

func link(t *testing.T, make func(from, to string) error, from, to string) string {
	t.Helper()
	if err := make(from, to); err != nil {
		t.Fatal(err)
	}
	return to
}

func mustReadDir(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}
