package remote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/backend/network"
	"github.com/flask-vault/flask-vault/cmd/internal/remote"
)

const program = "flask-vault-remote"

// TestMain makes the test binary the program itself under its name, with stores that
// are local files.
func TestMain(m *testing.M) {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") != program {
		os.Exit(m.Run())
	}
	if err := remote.Serve(context.Background(), os.Stdin, os.Stdout, open); err != nil {
		os.Exit(1)
	}
}

// open makes the store of https://HOST/PATH, where HOST says what is wrong with it.
func open(l location.Location) (backend.Store, error) {
	if strings.HasPrefix(l.URL, "http://") {
		return network.Open(l)
	}
	host, path, _ := strings.Cut(strings.TrimPrefix(l.URL, "https://"), "/")
	f := storefile.NewStore("/"+path, "")
	switch host {
	case "file":
		return f, nil
	case "unopened":
		return nil, errors.New("the URL says nothing")
	case "password":
		p, err := l.Password()
		if err != nil || p != "hunter2" || l.User != "me" {
			return nil, errors.New("the password did not arrive")
		}
		return f, nil
	case "crash":
		fmt.Fprintln(os.Stderr, "it hurts")
		os.Exit(3)
	case "environment":
		return nil, errors.New(strings.Join(os.Environ(), " "))
	}
	return broken{f, host}, nil
}

// broken is a store with errors.
type broken struct {
	*storefile.Store
	how string
}

func (b broken) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	switch b.how {
	case "hang":
		<-ctx.Done()
		return backend.Snapshot{}, ctx.Err()
	case "denied":
		return backend.Snapshot{}, fmt.Errorf("%w: ask for it:\n  grant\x1b[2J", fs.ErrPermission)
	case "down":
		return backend.Snapshot{}, fmt.Errorf("%w: connection refused", backend.ErrUnreachable)
	}
	return b.Store.Load(ctx, have)
}

func (b broken) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	switch b.how {
	case "hang":
		<-ctx.Done()
		return "", ctx.Err()
	case "uncertain":
		return "", fmt.Errorf("%w: a failover", backend.ErrUncertain)
	case "crash-in-save":
		os.Exit(2)
	}
	return b.Store.Save(ctx, blob, prev)
}

func (b broken) Probe(context.Context) error {
	if b.how == "bad" {
		return errors.New("two saves against one version have won")
	}
	return nil
}

// setup puts the program beside this one, and returns a path for a document.
func setup(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: the paths in the URLs are those of Unix")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(filepath.Dir(self), program)
	if err := os.Link(self, beside); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	return filepath.Join(t.TempDir(), "doc")
}

func at(host, path string) *remote.Store {
	return remote.Open(location.Location{URL: "https://" + host + path, Timeout: 20 * time.Second})
}

func TestLoadAndSave(t *testing.T) {
	path := setup(t)
	ctx := t.Context()
	s := at("file", path)
	if _, err := s.Load(ctx, ""); !errors.Is(err, backend.ErrNoVault) {
		t.Fatalf("nothing there: %v", err)
	}
	blob := bytes.Repeat([]byte("sealed"), 500_000)
	v, err := s.Save(ctx, blob, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(ctx, []byte("x"), ""); !errors.Is(err, backend.ErrConflict) {
		t.Errorf("created twice: %v", err)
	}
	snap, err := s.Load(ctx, "")
	if err != nil || !bytes.Equal(snap.Blob, blob) || snap.Version != v {
		t.Errorf("loaded %d bytes, version %s, %v", len(snap.Blob), snap.Version, err)
	}
	if _, err := s.Load(ctx, v); !errors.Is(err, backend.ErrNotModified) {
		t.Errorf("not modified: %v", err)
	}
}

func TestErrorsKeepTheirMeaning(t *testing.T) {
	path := setup(t)
	ctx := t.Context()
	load := func(host string) error { _, err := at(host, path).Load(ctx, ""); return err }
	save := func(host string) error { _, err := at(host, path).Save(ctx, []byte("x"), ""); return err }
	quick := func(host string) *remote.Store {
		return remote.Open(location.Location{URL: "https://" + host + path, Timeout: 50 * time.Millisecond})
	}
	_, slow := quick("hang").Load(ctx, "")
	_, slowSave := quick("hang").Save(ctx, []byte("x"), "")
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, givenUp := at("file", path).Load(canceled, "")
	for _, tc := range []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"denied", load("denied"), fs.ErrPermission, "ask for it:\n  grant\\x1b[2J"},
		{"down", load("down"), backend.ErrUnreachable, "connection refused"},
		{"crash", load("crash"), nil, "exit status 3: it hurts"},
		{"a URL that is none", load("unopened"), nil, "the URL says nothing"},
		{"uncertain", save("uncertain"), backend.ErrUncertain, "a failover"},
		{"crash in a save", save("crash-in-save"), backend.ErrUncertain, "did not reply"},
		{"slow", slow, backend.ErrUnreachable, "deadline"},
		{"slow save", slowSave, backend.ErrUncertain, "deadline"},
		{"given up", givenUp, context.Canceled, "canceled"},
		{"probe", at("bad", path).Probe(ctx), nil, "have won"},
		{"nothing to probe", at("file", path).Probe(ctx), errors.ErrUnsupported, "nothing to probe"},
	} {
		if tc.err == nil || tc.is != nil && !errors.Is(tc.err, tc.is) || !strings.Contains(tc.err.Error(), tc.text) {
			t.Errorf("%s: %v", tc.name, tc.err)
		}
	}
	if err := at("good", path).Probe(ctx); err != nil {
		t.Errorf("a good probe: %v", err)
	}
}

func TestThePasswordGoesOverThePipe(t *testing.T) {
	path := setup(t)
	l := location.Location{URL: "https://password" + path, User: "me", PasswordEnv: "SHOP_STORE_PASSWORD"}
	t.Setenv("SHOP_STORE_PASSWORD", "")
	if _, err := remote.Open(l).Load(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "SHOP_STORE_PASSWORD") {
		t.Errorf("without a password: %v", err)
	}
	t.Setenv("SHOP_STORE_PASSWORD", "hunter2")
	if _, err := remote.Open(l).Load(t.Context(), ""); !errors.Is(err, backend.ErrNoVault) {
		t.Errorf("with it: %v", err)
	}
	t.Setenv("FLASK_VAULT_MASTER_KEY", "hunter3")
	t.Setenv("AWS_PROFILE", "shop")
	_, err := at("environment", path).Load(t.Context(), "")
	if err == nil || strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), "AWS_PROFILE=shop") {
		t.Errorf("the program's environment: %v", err)
	}
}

func TestWatch(t *testing.T) {
	path := setup(t)
	s := remote.Open(location.Location{URL: "https://file" + path, Poll: 20 * time.Millisecond})
	v, err := s.Save(t.Context(), []byte("one"), "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	seen := make(chan string, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- s.Watch(ctx, v, func(snap backend.Snapshot) { seen <- string(snap.Blob) })
	}()
	for _, text := range []string{"two", "three"} {
		if v, err = s.Save(t.Context(), []byte(text), v); err != nil {
			t.Fatal(err)
		}
		if got := <-seen; got != text {
			t.Errorf("seen %q, want %q", got, text)
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// web is a web server with a document that notes when it was asked, and whether with an
// ETag.
type web struct {
	*httptest.Server

	mu    sync.Mutex
	text  string
	asked []time.Time
	whole int // answers with a body
}

func newWeb(t *testing.T, text string) *web {
	w := &web{text: text}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *web) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, time.Now())
	tag := fmt.Sprintf("%q", w.text)
	out.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		out.WriteHeader(http.StatusNotModified)
		return
	}
	w.whole++
	_, _ = io.WriteString(out, w.text)
}

// TestTheETagGoesFromProcessToProcess: each load is a process of its own.
func TestTheETagGoesFromProcessToProcess(t *testing.T) {
	setup(t)
	w := newWeb(t, "one")
	s := remote.Open(location.Location{URL: w.URL + "/x"})
	snap, err := s.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.Load(t.Context(), snap.Version); !errors.Is(err, backend.ErrNotModified) {
			t.Error(err)
		}
	}
	if len(w.asked) != 4 || w.whole != 1 {
		t.Errorf("%d requests, %d of them answered with the document", len(w.asked), w.whole)
	}
}

// TestAWatchLooksWhenItIsTime has no other looks between those of the store's own poll, of
// which each is at least half of it after the one before.
func TestAWatchLooksWhenItIsTime(t *testing.T) {
	setup(t)
	w := newWeb(t, "one")
	const poll = 400 * time.Millisecond
	s := remote.Open(location.Location{URL: w.URL + "/x", Poll: poll})
	snap, err := s.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	seen, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- s.Watch(ctx, snap.Version, func(snap backend.Snapshot) { seen <- string(snap.Blob) })
	}()
	w.wait(t, 4)
	w.mu.Lock()
	w.text = "two"
	asked, whole := slices.Clone(w.asked), w.whole
	w.mu.Unlock()
	if text := <-seen; text != "two" {
		t.Errorf("seen %q", text)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for i := 2; i < len(asked); i++ { // the first is the load, the second begins the watch
		if gap := asked[i].Sub(asked[i-1]); gap < poll/2 {
			t.Errorf("look %d came %v after the one before", i, gap)
		}
	}
	if whole != 1 {
		t.Errorf("%d looks were answered with the document", whole)
	}
}

// wait waits until there were so many requests.
func (w *web) wait(t *testing.T, n int) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		asked := len(w.asked)
		w.mu.Unlock()
		if asked >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d requests came, not %d", asked, n)
		}
	}
}

func TestServeWithoutASensibleRequest(t *testing.T) {
	for _, line := range []string{"", "hunter2\n", `{"op":"load"}` + "\n", `{"op":"fly","protocol":1,"location":{"url":"https://file/x"}}` + "\n"} {
		var out bytes.Buffer
		err := remote.Serve(t.Context(), strings.NewReader(line), &out, open)
		if err != nil || !strings.Contains(out.String(), `"error":{"code":"bad_request"`) || strings.Contains(out.String(), "hunter2") {
			t.Errorf("%q: %s, %v", line, out.String(), err)
		}
	}
}

func Example() {
	store := remote.Open(location.Location{URL: "https://shop.example/credentials.yml.enc"})
	fmt.Println(store.Name())
	_, err := store.Load(context.Background(), "") // would start flask-vault-remote, if it were there
	fmt.Println(err != nil)
	// Output:
	// https://shop.example/credentials.yml.enc
	// true
}
