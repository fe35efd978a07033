package keysourcetest_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
)

// place is a source in one file, with switches that break one rule each.
type place struct {
	path string
	bug  string
}

func (p place) Name() string {
	if p.bug == "long name" {
		return strings.Repeat("x", 300)
	}
	return "place " + p.path
}

func (p place) Load(ctx context.Context) (keysource.Key, error) {
	if p.bug == "hangs" {
		<-ctx.Done()
		if ctx.Err() == context.DeadlineExceeded {
			<-make(chan int)
		}
	}
	if p.bug == "canceled is no key" && ctx.Err() != nil {
		return keysource.Key{}, keysource.ErrNoKey
	}
	text, err := os.ReadFile(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		switch p.bug {
		case "own error for empty":
			return keysource.Key{}, errors.New("not there")
		case "neither":
			return keysource.Key{}, nil
		}
		return keysource.Key{}, fmt.Errorf("%w in %s", keysource.ErrNoKey, p.path)
	}
	if err != nil {
		return keysource.Key{}, err
	}
	k, err := keysource.ParseKey(text)
	switch {
	case err != nil && p.bug == "quotes":
		return k, fmt.Errorf("%q is not a key", text)
	case err != nil && p.bug == "bad text is no key":
		return k, keysource.ErrNoKey
	case p.bug == "cuts" && k.Size() > 16:
		return keysource.KeyFromBytes(k.Bytes()[:16])
	case p.bug == "new key each time":
		return keysource.NewKey(), nil
	}
	return k, err
}

func (p place) Save(_ context.Context, k keysource.Key) error {
	switch {
	case p.bug == "saves nothing":
		return nil
	case p.bug == "keeps the first":
		if _, err := os.Stat(p.path); err == nil {
			return nil
		}
	case p.bug == "refuses the same":
		if old, err := os.ReadFile(p.path); err == nil && string(old) == k.Text() {
			return errors.New("there already")
		}
	case p.bug == "tells":
		return fmt.Errorf("cannot save %s", k.Text()[:12])
	case k.IsZero() && p.bug != "saves the zero key":
		return errors.New("no key to save")
	}
	return os.WriteFile(p.path, []byte(k.Text()), 0o600)
}

func (p place) Delete(context.Context) error {
	err := os.Remove(p.path)
	switch {
	case p.bug == "delete of nothing is fine" && errors.Is(err, fs.ErrNotExist), p.bug == "deletes nothing":
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w in %s", keysource.ErrNoKey, p.path)
	}
	return err
}

func harness(t *testing.T, bug string) keysourcetest.Harness {
	path := filepath.Join(t.TempDir(), "key")
	return keysourcetest.Harness{
		New: func(s keysource.Settings) (keysource.Source, error) {
			if bug != "any setting" {
				if err := s.Only("path"); err != nil {
					return nil, err
				}
			}
			return place{s["path"], bug}, nil
		},
		Settings: keysource.Settings{"path": path},
		Put:      func(text []byte) error { return os.WriteFile(path, text, 0o600) },
		Clear:    func() error { return os.RemoveAll(path) },
	}
}

func TestAGoodSourcePasses(t *testing.T) { keysourcetest.Run(t, harness(t, "")) }

func TestAReadOnlySourcePasses(t *testing.T) {
	h := harness(t, "")
	full := h.New
	h.New = func(s keysource.Settings) (keysource.Source, error) {
		src, err := full(s)
		return struct{ keysource.Source }{src}, err
	}
	keysourcetest.Run(t, h)
}

func TestEachBugIsFound(t *testing.T) {
	bugs := map[string]string{ // bug: the check that finds it
		"long name":                 "name is one short line",
		"any setting":               "an unknown setting is refused",
		"hangs":                     "load answers",
		"neither":                   "load answers",
		"own error for empty":       "an empty place is ErrNoKey",
		"new key each time":         "load gives the key that is there",
		"canceled is no key":        "a canceled load returns and is not ErrNoKey",
		"cuts":                      "keys of 24 and 32 bytes stay whole",
		"quotes":                    "text that is no key is an error and is not quoted",
		"bad text is no key":        "text that is no key is an error and is not quoted",
		"saves nothing":             "save keeps the key",
		"refuses the same":          "save of the same key changes nothing",
		"keeps the first":           "save of another key replaces it",
		"saves the zero key":        "save of no key is refused",
		"deletes nothing":           "delete of nothing is ErrNoKey",
		"delete of nothing is fine": "delete of nothing is ErrNoKey",
		"tells":                     "no error and no name holds a part of a key",
	}
	for bug, check := range bugs {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			h := harness(t, bug)
			h.Scratch = true
			if bug == "hangs" {
				h.Timeout = 50 * time.Millisecond
			}
			for _, r := range keysourcetest.Check(t.Context(), h) {
				if r.Name == check {
					if r.Err == nil {
						t.Errorf("the check %q did not find it", check)
					}
					return
				}
			}
			t.Errorf("there is no check %q", check)
		})
	}
}

func TestAKeyInUseIsOnlyRead(t *testing.T) {
	h := harness(t, "")
	k := keysource.NewKey()
	if err := h.Put([]byte(k.Text())); err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, r := range keysourcetest.Check(t.Context(), h) {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Name, r.Err)
		}
		if r.Skipped == "" {
			read++
		}
	}
	if read == 0 {
		t.Error("nothing was checked")
	}
	if text, err := os.ReadFile(h.Settings["path"]); err != nil || string(text) != k.Text() {
		t.Errorf("the key was changed (%v)", err)
	}
}

// A source that tells the key in its name is found on a key in use, which the report
// does not tell on.
func TestTheReportHoldsNoPartOfAKey(t *testing.T) {
	h := harness(t, "")
	k := keysource.NewKey()
	if err := h.Put([]byte(k.Text())); err != nil {
		t.Fatal(err)
	}
	h.New = func(s keysource.Settings) (keysource.Source, error) {
		return named{place{path: s["path"]}, "place of " + k.Text() + ", again " + k.Text()[4:20]}, s.Only("path")
	}
	results := keysourcetest.Check(t.Context(), h)
	found := results[len(results)-1].Err
	if found == nil || !strings.Contains(found.Error(), "place of <a part of the key>, again <a part of the key>") {
		t.Errorf("the report says: %v", found)
	}
	for i := 0; i+8 <= len(k.Text()); i++ {
		if found != nil && strings.Contains(found.Error(), k.Text()[i:i+8]) {
			t.Fatal("the report holds a part of the key")
		}
	}
}

// named is a source with another name.
type named struct {
	keysource.Source
	name string
}

func (n named) Name() string { return n.name }

func ExampleCheck() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	h := keysourcetest.Harness{
		New: func(s keysource.Settings) (keysource.Source, error) {
			return place{path: s["path"]}, s.Only("path")
		},
		Settings: keysource.Settings{"path": filepath.Join(dir, "key")},
	}
	for _, r := range keysourcetest.Check(context.Background(), h)[:4] {
		fmt.Println(r.Err == nil, r.Name)
	}
	// Output:
	// true name is one short line
	// true an unknown setting is refused
	// true load answers
	// true an empty place is ErrNoKey
}
