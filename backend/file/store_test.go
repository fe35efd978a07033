package file_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/backend/file"
)

func TestVersionsAreComparedBeforeSaving(t *testing.T) {
	ctx, s := t.Context(), file.NewStore(filepath.Join(t.TempDir(), "c.enc"), "")
	if _, err := s.Load(ctx, ""); !errors.Is(err, backend.ErrNoVault) {
		t.Errorf("load of nothing: %v", err)
	}
	if _, err := s.Save(ctx, []byte("a"), "someone's"); !errors.Is(err, backend.ErrConflict) {
		t.Errorf("save over a file that is gone: %v", err)
	}
	v1, err := s.Save(ctx, []byte("a"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(ctx, []byte("b"), ""); !errors.Is(err, backend.ErrConflict) {
		t.Errorf("create over a file: %v", err)
	}
	if _, err := s.Load(ctx, v1); !errors.Is(err, backend.ErrNotModified) {
		t.Errorf("load of what is known: %v", err)
	}
	v2, err := s.Save(ctx, []byte("b"), v1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(ctx, []byte("c"), v1); !errors.Is(err, backend.ErrConflict) {
		t.Errorf("save over another's: %v", err)
	}
	if snap, err := s.Load(ctx, v1); err != nil || string(snap.Blob) != "b" || snap.Version != v2 {
		t.Errorf("load: %+v, %v", snap, err)
	}
	if _, err := os.Stat(s.Path() + ".lock"); err == nil {
		t.Error("the lock's file is left over")
	}
}

// TestWritersLoseNothing lets processes append a line each, many times: every
// line must be there at the end.
func TestWritersLoseNothing(t *testing.T) {
	const writers, lines = 4, 25
	path := filepath.Join(t.TempDir(), "c.enc")
	if _, err := file.NewStore(path, "").Save(t.Context(), nil, ""); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			cmd := exec.Command(exe, "-test.run=^TestHelperWriter$")
			cmd.Env = append(os.Environ(), "STORE_WRITER="+strconv.Itoa(w), "STORE_LINES="+strconv.Itoa(lines), "STORE_PATH="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("writer %d: %v\n%s", w, err, out)
			}
		})
	}
	wg.Wait()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for w := range writers {
		for n := range lines {
			if line := fmt.Sprintf("%d-%d\n", w, n); strings.Count(string(text), line) != 1 {
				t.Errorf("line %q is there %d times", line, strings.Count(string(text), line))
			}
		}
	}
}

// TestHelperWriter is one writing process of TestWritersLoseNothing.
func TestHelperWriter(t *testing.T) {
	path := os.Getenv("STORE_PATH")
	if path == "" {
		return // nothing to do as a test of its own
	}
	lines, err := strconv.Atoi(os.Getenv("STORE_LINES"))
	if err != nil {
		t.Fatal(err)
	}
	s := file.NewStore(path, "")
	for n := 0; n < lines; {
		snap, err := s.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%s-%d\n", os.Getenv("STORE_WRITER"), n)
		switch _, err = s.Save(t.Context(), append(snap.Blob, line...), snap.Version); {
		case err == nil:
			n++
		case !errors.Is(err, backend.ErrConflict):
			t.Fatal(err)
		}
	}
}

func TestALockHeldByAnotherIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.enc")
	s := file.NewStore(path, "")
	held := flock.New(path + ".lock")
	if ok, err := held.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := os.WriteFile(path+".lock", []byte("4711\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var locked *backend.LockedError
	if _, err := s.Save(ctx, []byte("a"), ""); !errors.As(err, &locked) || locked.PID != 4711 {
		t.Errorf("while it is held: %v", err)
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(t.Context(), []byte("a"), ""); err != nil {
		t.Errorf("when it is free: %v", err)
	}
}

func TestALinkInPlaceOfTheLockIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("safe"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "c.enc")
	if err := os.Symlink(victim, path+".lock"); err != nil {
		t.Fatal(err)
	}
	if _, err := file.NewStore(path, "").Save(t.Context(), []byte("a"), ""); err == nil {
		t.Error("saved through a foreign lock")
	}
	if text, _ := os.ReadFile(victim); string(text) != "safe" {
		t.Errorf("the link's target was written: %q", text)
	}
}

// TestAnotherFileInPlaceOfTheLockStays: a hard link has the other file's owner and
// mode, so only the number of its names and what it holds tell that it is no lock.
func TestAnotherFileInPlaceOfTheLockStays(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		linked bool
		ok     bool
	}{
		"a hard link":                  {"precious", true, false},
		"a hard link to an empty file": {"", true, false},
		"a hard link to a pid file":    {"4711\n", true, false},
		"another file":                 {"precious", false, false},
		"a file of digits":             {strings.Repeat("1", 100), false, false},
		"what a killed process left":   {"4711\n", false, true},
		"what was killed before":       {"", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			other, path := filepath.Join(dir, "other"), filepath.Join(dir, "c.enc")
			if err := os.WriteFile(other, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			give := os.Rename
			if c.linked {
				give = os.Link
			}
			if err := give(other, path+".lock"); err != nil {
				t.Fatal(err)
			}
			_, err := file.NewStore(path, "").Save(t.Context(), []byte("a"), "")
			var input *durable.InputError
			switch {
			case c.ok && err != nil:
				t.Error(err)
			case !c.ok && (!errors.As(err, &input) || !strings.Contains(err.Error(), path+".lock")):
				t.Errorf("saved with it as the lock: %v", err)
			}
			if c.ok {
				return
			}
			if text, err := os.ReadFile(path + ".lock"); err != nil || string(text) != c.text {
				t.Errorf("it holds %q, %v", text, err)
			}
		})
	}
}

func TestALinkedDocumentStaysALink(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target.enc")
	if err := os.WriteFile(target, []byte("a"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target.enc", filepath.Join(dir, "c.enc")); err != nil {
		t.Fatal(err)
	}
	s := file.NewStore(filepath.Join(dir, "c.enc"), "")
	snap, err := s.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(t.Context(), []byte("b"), snap.Version); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(s.Path())
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if text, _ := os.ReadFile(target); string(text) != "b" {
		t.Errorf("the target holds %q", text)
	}
	if info, err := os.Stat(target); err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o640 {
		t.Errorf("the mode changed to %v", info.Mode())
	}
}

func ExampleStore() {
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	var s backend.Store = file.NewStore(filepath.Join(dir, "credentials.yml.enc"), "")
	fmt.Println(errors.Is(load(s), backend.ErrNoVault))
	// Output: true
}

func load(s backend.Store) error {
	_, err := s.Load(context.Background(), "")
	return err
}

func TestALinkThatLeadsNowhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.yml.enc")
	if err := os.Symlink(filepath.Join(t.TempDir(), "gone"), path); err != nil {
		t.Fatal(err)
	}
	_, err := file.NewStore(path, "").Save(t.Context(), []byte("text"), "")
	if err == nil || errors.Is(err, backend.ErrConflict) || !strings.Contains(err.Error(), "symbolic link that leads nowhere") {
		t.Errorf("%v", err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}

// TestATimeThatIsOverBlamesNobody: the caller's own time limit says nothing of a lock.
func TestATimeThatIsOverBlamesNobody(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := file.NewStore(filepath.Join(t.TempDir(), "credentials.yml.enc"), "").Save(ctx, []byte("text"), "")
	if locked := (*backend.LockedError)(nil); errors.As(err, &locked) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
