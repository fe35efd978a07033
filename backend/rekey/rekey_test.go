package rekey_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/rekey"
	"github.com/flask-vault/flask-vault/keysource"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

// scene is a directory with two encrypted files, one of them in a folder.
type scene struct {
	dir  string
	key  *keyfile.Source
	plan rekey.Plan
}

func newScene(t testing.TB, size int) scene {
	t.Helper()
	dir := t.TempDir()
	raw := make([]byte, size)
	for i := range raw {
		raw[i] = byte(i)
	}
	old, err := keysource.KeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	s := scene{dir: dir, key: keyfile.New(filepath.Join(dir, "master.key"), keyfile.Options{})}
	if err := s.key.Save(context.Background(), old); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.plan = rekey.Plan{
		Journal: filepath.Join(dir, "journal.json"), Old: old, Source: s.key,
		Files:    []string{filepath.Join(dir, "a.enc"), filepath.Join(dir, "sub", "b.enc")},
		Previous: []string{filepath.Join(dir, "previous.enc")},
		Plain: func(id string) (map[string][]byte, error) {
			return map[string][]byte{filepath.Join(dir, "config"): []byte("key_id: " + id + "\n")}, nil
		},
	}
	// A 256-bit key does not seal, so the test lets the standard library do it.
	for i, f := range s.plan.Files {
		if err := os.WriteFile(f, sealWith(t, raw, fmt.Sprintf("text %d", i)), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte("key_id: old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return s
}

// check sees that both files open with the key that is kept, directly or as a
// previous one, and that nothing lies about.
func (s scene) check(t testing.TB) {
	t.Helper()
	k, err := s.key.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c, err := backend.NewCipher(k)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range s.plan.Files {
		if got, err := c.OpenFile(f); err != nil || string(got) != fmt.Sprintf("text %d", i) {
			t.Errorf("%s: %q, %v", f, got, err)
		}
	}
	for _, dir := range []string{s.dir, filepath.Join(s.dir, "sub")} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			switch e.Name() {
			case "a.enc", "b.enc", "sub", "config", "master.key", "previous.enc":
			default:
				t.Errorf("%s is left over", e.Name())
			}
		}
	}
}

func TestRun(t *testing.T) {
	for _, size := range []int{16, 24, 32} {
		s := newScene(t, size)
		k, err := rekey.Run(t.Context(), s.plan)
		if err != nil {
			t.Fatal(err)
		}
		s.check(t)
		if k.Size() != keysource.KeySize || k.Equal(s.plan.Old) {
			t.Errorf("the new key is %v of %d bytes", k, k.Size())
		}
		c, err := backend.NewCipher(k)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := c.PreviousKeys(s.plan.Previous[0])
		if err != nil || len(keys) != 1 || !keys[0].Equal(s.plan.Old) {
			t.Errorf("previous keys %v, %v", keys, err)
		}
		if text, _ := os.ReadFile(filepath.Join(s.dir, "config")); string(text) != "key_id: "+k.ID()+"\n" {
			t.Errorf("the configuration says %q", text)
		}
		// A second rekey keeps both keys, the newer in front.
		s.plan.Old = k
		k2, err := rekey.Run(t.Context(), s.plan)
		if err != nil {
			t.Fatal(err)
		}
		c2, _ := backend.NewCipher(k2)
		if keys, err := c2.PreviousKeys(s.plan.Previous[0]); err != nil || len(keys) != 2 || !keys[0].Equal(k) {
			t.Errorf("previous keys after two: %v, %v", keys, err)
		}
		s.check(t)
	}
}

func TestRunChangesNothingItCannotFinish(t *testing.T) {
	s := newScene(t, 16)
	if err := os.WriteFile(s.plan.Files[1], []byte("not encrypted"), 0o640); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(s.plan.Files[0])
	if _, err := rekey.Run(t.Context(), s.plan); !errors.Is(err, backend.ErrMalformed) {
		t.Fatalf("%v", err)
	}
	if after, _ := os.ReadFile(s.plan.Files[0]); string(before) != string(after) {
		t.Error("a file was changed")
	}
	if k, err := s.key.Load(t.Context()); err != nil || !k.Equal(s.plan.Old) {
		t.Errorf("the key was changed: %v, %v", k, err)
	}
	if entries, _ := os.ReadDir(s.dir); len(entries) != 4 {
		t.Errorf("left over: %v", entries)
	}
}

// failing is a source whose save fails, before or after the key is kept.
type failing struct {
	*keyfile.Source
	after bool
}

func (f failing) Save(ctx context.Context, k keysource.Key) error {
	if f.after {
		if err := f.Source.Save(ctx, k); err != nil {
			return err
		}
	}
	return errors.New("the line went dead")
}

func TestASaveThatFails(t *testing.T) {
	for _, after := range []bool{false, true} {
		s := newScene(t, 16)
		s.plan.Source = failing{s.key, after}
		next, err := rekey.Run(t.Context(), s.plan)
		if (err == nil) != after {
			t.Errorf("kept %v: %v", after, err)
		}
		if now, err := s.key.Load(t.Context()); err != nil || next.IsZero() == after || after && !next.Equal(now) {
			t.Errorf("kept %v: it returns %v, and the source has %v (%v)", after, next, now, err)
		}
		s.check(t)
	}
}

// TestKilledAtEveryStep stops in the source's save and at each file that would
// be put in place, as a killed process would, and lets Recover do the rest.
func TestKilledAtEveryStep(t *testing.T) {
	type killed struct{}
	run := func(s scene) (died bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(killed); !ok {
					panic(r)
				}
				died = true
			}
		}()
		_, err := rekey.Run(t.Context(), s.plan)
		if err != nil {
			t.Fatal(err)
		}
		return false
	}
	for _, after := range []bool{false, true} {
		s := newScene(t, 16)
		s.plan.Source = dying{s.key, after, func() { panic(killed{}) }}
		if !run(s) {
			t.Fatal("it did not die")
		}
		outcome, err := rekey.Recover(t.Context(), s.plan.Journal, keysource.Chain{s.key})
		if want := map[bool]rekey.Outcome{false: rekey.Undone, true: rekey.Finished}[after]; err != nil || outcome != want {
			t.Errorf("kept %v: outcome %d, %v", after, outcome, err)
		}
		s.check(t)
		if outcome, err := rekey.Recover(t.Context(), s.plan.Journal, keysource.Chain{s.key}); err != nil || outcome != rekey.Nothing {
			t.Errorf("a second recovery: %d, %v", outcome, err)
		}
	}
	s := newScene(t, 16)
	s.plan.Source = dying{s.key, true, func() { panic(killed{}) }}
	run(s)
	other := keyfile.New(filepath.Join(t.TempDir(), "other"), keyfile.Options{})
	if err := other.Save(t.Context(), keysource.NewKey()); err != nil {
		t.Fatal(err)
	}
	if _, err := rekey.Recover(t.Context(), s.plan.Journal, keysource.Chain{other}); !errors.Is(err, rekey.ErrStuck) {
		t.Errorf("with a foreign key: %v", err)
	}
}

// dying is a source in whose save the process dies.
type dying struct {
	*keyfile.Source
	after bool
	die   func()
}

func (d dying) Save(ctx context.Context, k keysource.Key) error {
	if d.after {
		if err := d.Source.Save(ctx, k); err != nil {
			return err
		}
	}
	d.die()
	return nil
}

// TestFilesThatWereSavedMeanwhile has a process die after the key is kept. What
// another one saved with the old key before anybody recovered is not lost, and moves to the new
// key, too. What is no encrypted file stays as it is.
func TestFilesThatWereSavedMeanwhile(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, s scene) (want string){
		"saved": func(t *testing.T, s scene) string {
			write(t, s.plan.Files[0], sealWith(t, s.plan.Old.Bytes(), "newer"))
			return "newer"
		},
		"damaged": func(t *testing.T, s scene) string {
			write(t, s.plan.Files[0], []byte("<<<<<<<"))
			return ""
		},
		"configured": func(t *testing.T, s scene) string {
			write(t, filepath.Join(s.dir, "config"), []byte("other\n"))
			return "text 0"
		},
		"removed": func(t *testing.T, s scene) string {
			if err := os.Remove(s.plan.Files[0]); err != nil {
				t.Fatal(err)
			}
			return "text 0"
		},
		"tidied up": func(t *testing.T, s scene) string {
			if err := os.Remove(stagedFor(t, s, "a.enc")); err != nil {
				t.Fatal(err)
			}
			return "text 0"
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 16)
			s.killed(t)
			want := change(t, s)
			for i, outcome := range []rekey.Outcome{rekey.Finished, rekey.Nothing} {
				if got, err := rekey.Recover(t.Context(), s.plan.Journal, keysource.Chain{s.key}); err != nil || got != outcome {
					t.Fatalf("recovery %d: %v, %v", i, got, err)
				}
			}
			c, err := backend.NewCipher(s.now(t)) // without the previous key
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []string{want, "text 1"} {
				if got, err := c.OpenFile(s.plan.Files[i]); string(got) != want || (err == nil) != (want != "") {
					t.Errorf("%s: %q, %v, and not %q", s.plan.Files[i], got, err, want)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(s.dir, ".flask-vault-*")); len(left) > 0 {
				t.Errorf("left over: %q", left)
			}
		})
	}
}

// TestPreviousKeysThatWereSavedMeanwhile has git bring another file of previous keys
// before anybody finishes a rekey. The key before it is kept with those that came.
func TestPreviousKeysThatWereSavedMeanwhile(t *testing.T) {
	earlier := keysource.NewKey()
	for name, tc := range map[string]struct {
		by     func(s scene) keysource.Key // whose the file is
		opened bool
	}{
		"of the key before": {func(s scene) keysource.Key { return s.plan.Old }, true},
		"of the new key":    {func(s scene) keysource.Key { return s.now(t) }, true},
		"of another key":    {func(scene) keysource.Key { return keysource.NewKey() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 16)
			s.killed(t)
			by, err := backend.NewCipher(tc.by(s))
			if err != nil {
				t.Fatal(err)
			}
			blob, err := by.SealKeys([]keysource.Key{earlier})
			if err != nil {
				t.Fatal(err)
			}
			write(t, s.plan.Previous[0], blob)
			write(t, s.plan.Files[0], sealWith(t, s.plan.Old.Bytes(), "newer"))
			if got, err := rekey.Recover(t.Context(), s.plan.Journal, keysource.Chain{s.key}); err != nil || got != rekey.Finished {
				t.Fatalf("%v, %v", got, err)
			}
			c, err := backend.NewCipher(s.now(t)) // without the previous key
			if err != nil {
				t.Fatal(err)
			}
			keys, err := c.PreviousKeys(s.plan.Previous[0])
			if err != nil || len(keys) == 0 || !keys[0].Equal(s.plan.Old) {
				t.Fatalf("the key before is not kept: %v, %v", keys, err)
			}
			if kept := len(keys) == 2 && keys[1].Equal(earlier); kept != tc.opened {
				t.Errorf("the keys are %v", keys)
			}
			for i, want := range []string{"newer", "text 1"} {
				if got, err := c.OpenFile(s.plan.Files[i]); string(got) != want || err != nil {
					t.Errorf("%s: %q, %v, and not %q", s.plan.Files[i], got, err, want)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(s.dir, ".flask-vault-*")); len(left) > 0 {
				t.Errorf("left over: %q", left)
			}
		})
	}
}

// killed runs the rekey, which is killed once the source has the new key.
func (s *scene) killed(t *testing.T) {
	t.Helper()
	defer func() { _ = recover() }()
	s.plan.Source = dying{s.key, true, func() { panic("killed") }}
	_, _ = rekey.Run(t.Context(), s.plan)
}

// now is the key that the scene's source has.
func (s scene) now(t *testing.T) keysource.Key {
	t.Helper()
	k, err := s.key.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o640); err != nil {
		t.Fatal(err)
	}
}

// stagedFor is the file that is to take the place of another.
func stagedFor(t *testing.T, s scene, path string) string {
	t.Helper()
	text, err := os.ReadFile(s.plan.Journal)
	if err != nil {
		t.Fatal(err)
	}
	var j struct {
		Files []struct{ Path, Staged string }
	}
	if err := json.Unmarshal(text, &j); err != nil {
		t.Fatal(err)
	}
	for _, f := range j.Files {
		if f.Path == path {
			return filepath.Join(s.dir, f.Staged)
		}
	}
	t.Fatalf("nothing is to take the place of %s", path)
	return ""
}

// blocking is a source whose save waits.
type blocking struct {
	*keyfile.Source
	saving, goOn chan struct{}
}

func (b blocking) Save(ctx context.Context, k keysource.Key) error {
	close(b.saving)
	<-b.goOn
	return b.Source.Save(ctx, k)
}

// TestRecoverWaitsForARekey has a process of another environment, which holds the lock of
// another document, find the journal of a rekey that is under way.
func TestRecoverWaitsForARekey(t *testing.T) {
	s := newScene(t, 16)
	b := blocking{s.key, make(chan struct{}), make(chan struct{})}
	s.plan.Source = b
	ran := make(chan error, 1)
	go func() {
		_, err := rekey.Run(context.Background(), s.plan)
		ran <- err
	}()
	<-b.saving
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if outcome, err := rekey.Recover(short, s.plan.Journal, keysource.Chain{s.key}); err == nil || outcome != rekey.Nothing {
		t.Errorf("recovered while it runs: %d, %v", outcome, err)
	}
	close(b.goOn)
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	if outcome, err := rekey.Recover(t.Context(), s.plan.Journal, keysource.Chain{s.key}); err != nil || outcome != rekey.Nothing {
		t.Errorf("after it: %d, %v", outcome, err)
	}
	s.check(t)
}

// TestTheChangedSourceDecides has the old key in another source too, as in a variable
// that a shell still has.
func TestTheChangedSourceDecides(t *testing.T) {
	s := newScene(t, 16)
	s.plan.Source = dying{s.key, true, func() { panic("killed") }}
	func() {
		defer func() { _ = recover() }()
		_, _ = rekey.Run(t.Context(), s.plan)
	}()
	copied := keyfile.New(filepath.Join(t.TempDir(), "copy"), keyfile.Options{})
	if err := copied.Save(t.Context(), s.plan.Old); err != nil {
		t.Fatal(err)
	}
	if outcome, err := rekey.Recover(t.Context(), s.plan.Journal, keysource.Chain{copied}); !errors.Is(err, rekey.ErrStuck) {
		t.Errorf("without the changed source: %d, %v", outcome, err)
	}
	if outcome, err := rekey.Recover(t.Context(), s.plan.Journal, keysource.Chain{copied, s.key}); err != nil || outcome != rekey.Finished {
		t.Errorf("with the changed source in second place: %d, %v", outcome, err)
	}
	s.check(t)
}

// interrupted is a source whose save ends with its context, and which then has no answer.
type interrupted struct {
	*keyfile.Source
	cancel context.CancelFunc
}

func (i interrupted) Save(ctx context.Context, k keysource.Key) error {
	i.cancel()
	if err := ctx.Err(); err != nil {
		return err
	}
	return i.Source.Save(ctx, k)
}

func (i interrupted) Load(ctx context.Context) (keysource.Key, error) {
	if err := ctx.Err(); err != nil {
		return keysource.Key{}, err
	}
	return i.Source.Load(ctx)
}

func TestAnInterruptedSaveIsUndone(t *testing.T) {
	s := newScene(t, 16)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.plan.Source = interrupted{s.key, cancel}
	if _, err := rekey.Run(ctx, s.plan); !errors.Is(err, context.Canceled) || errors.Is(err, rekey.ErrStuck) {
		t.Errorf("%v", err)
	}
	s.check(t)
}
