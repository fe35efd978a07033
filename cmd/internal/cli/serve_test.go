package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/format"
	jsonformat "github.com/flask-vault/flask-vault/format/json"
	"github.com/flask-vault/flask-vault/format/toml"
	"github.com/flask-vault/flask-vault/keysource"
)

func TestReadLine(t *testing.T) {
	long := bytes.Repeat([]byte("x"), maxRequest+2)
	r := bufio.NewReaderSize(io.MultiReader(
		strings.NewReader("one\n\n"), bytes.NewReader(long), strings.NewReader("\ntwo\r\n"),
		bytes.NewReader(long[:maxRequest]), strings.NewReader("\ncut off")), 64<<10)
	var line []byte
	var err error
	for i, want := range []string{"one", "", "too long", "two\r", string(long[:maxRequest])} {
		line, err = readLine(r, line[:0])
		if want == "too long" {
			if !errors.Is(err, errLongLine) {
				t.Errorf("line %d: %v", i, err)
			}
			continue
		}
		if err != nil || string(line) != want {
			t.Errorf("line %d: %d bytes, %v", i, len(line), err)
		}
	}
	if _, err = readLine(r, line[:0]); !errors.Is(err, io.EOF) {
		t.Errorf("a line without an end: %v", err)
	}
}

func TestTypedOfOtherFormats(t *testing.T) {
	for _, c := range []struct {
		format format.Format
		text   string
		want   string
	}{
		{jsonformat.Format{}, `{"k": "x\n"}`, `"x\n"`},
		{jsonformat.Format{}, `{"k": 83}`, `{"type":"int","value":"83"}`},
		{jsonformat.Format{}, `{"k": -1.50e3}`, `{"type":"float","value":"-1.50e3"}`},
		{jsonformat.Format{}, `{"k": [true, null, {"b": 1, "a": []}]}`, `{"type":"list","value":[true,null,{"type":"dict","value":[["b",{"type":"int","value":"1"}],["a",{"type":"list","value":[]}]]}]}`},
		{toml.Format{}, `k = "x"`, `"x"`},
		{toml.Format{}, `k = 0x1_F`, `{"type":"int","value":"31"}`},
		{toml.Format{}, `k = +9`, `{"type":"int","value":"9"}`},
		{toml.Format{}, `k = 1_0.5`, `{"type":"float","value":"10.5"}`},
		{toml.Format{}, `k = true`, `true`},
	} {
		doc, err := c.format.Parse([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		v, err := doc.Get("k")
		if err != nil {
			t.Fatal(err)
		}
		got, err := appendTyped(c.format.Name(), v)
		if err != nil || string(got) != c.want || !json.Valid(got) {
			t.Errorf("%s: %s, %v; want %s", c.text, got, err, c.want)
		}
	}
}

// TestWornKeyIsTold holds that serve, which is quiet, warns of a worn key, and once.
func TestWornKeyIsTold(t *testing.T) {
	var said bytes.Buffer
	s := &server{app: &app{name: "flask-vault", err: &said, quiet: true}}
	s.warnWorn()
	s.warnWorn()
	if got := said.String(); !strings.HasPrefix(got, "warning: ") || strings.Count(got, "\n") != 1 {
		t.Errorf("said %q", got)
	}
}

// changing is a store in memory whose document is another one whenever a test wants it.
type changing struct {
	blob    []byte
	version backend.Version
	err     error
}

func (c *changing) Name() string { return "changing" }

func (c *changing) Load(_ context.Context, have backend.Version) (backend.Snapshot, error) {
	if c.err == nil && have == c.version {
		return backend.Snapshot{}, backend.ErrNotModified
	}
	return backend.Snapshot{Blob: c.blob, Version: c.version}, c.err
}

func (c *changing) Save(context.Context, []byte, backend.Version) (backend.Version, error) {
	return "", backend.ErrReadOnlyStore
}

// TestAStoreIsAskedWhenItIsTime: no file shows that a store has another document, so get asks
// as well as snapshot does, and what could not be taken up is told until the next question.
func TestAStoreIsAskedWhenItIsTime(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("flask-vault.yaml", []byte("version: 1\ncredentials: etcd+http://127.0.0.1:1/shop\nstore: {poll: 10h}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_DATA_HOME", t.TempDir()) // where nothing was agreed to
	key := keysource.NewKey()
	t.Setenv("FLASK_VAULT_MASTER_KEY", key.Text())
	cipher, err := backend.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	store := &changing{}
	put := func(text string) {
		blob, err := cipher.Seal([]byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		store.blob, store.version = blob, backend.Version(text)
	}
	put("a: one")
	s := &server{app: &app{name: "flask-vault", err: io.Discard}}
	if s.config, err = s.resolve(); err != nil {
		t.Fatal(err)
	}
	o := s.config.options
	o.Store = store
	v, err := backend.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.layers, s.cipher = backend.Layers{v}, v.Cipher
	s.askLater()
	got := func(want string) {
		t.Helper()
		answer, err := s.get(t.Context(), request{Key: "a"})
		if a, ok := answer.(getAnswer); err != nil || !ok || string(a.Value) != want {
			t.Errorf("get gives %v, %v; want %s", answer, err, want)
		}
	}
	put("a: two")
	got(`"one"`) // it is not time yet
	s.askAt = time.Now()
	got(`"two"`)

	stale := func(want bool) {
		t.Helper()
		answer, err := s.snapshot(t.Context(), request{})
		if a, ok := answer.(snapshotAnswer); err != nil || !ok || (a.Stale != nil) != want {
			t.Errorf("snapshot gives %+v, %v; stale is to be %v", answer, err, want)
		}
	}
	stale(false)
	store.err, s.askAt = errors.New("an older document"), time.Now()
	stale(true)
	s.failedAt = time.Now().Add(-time.Hour) // its short memory is over, and it is not time to ask again
	stale(true)
	store.err, s.askAt, s.failedAt = nil, time.Now(), time.Time{}
	stale(false)
}
