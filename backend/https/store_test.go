package https_test

import (
	"context"
	"crypto/md5" //nolint:gosec // an ETag
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/https"
	"github.com/flask-vault/flask-vault/backend/storetest"
)

// site is a web server with one document.
type site struct {
	*httptest.Server

	mu       sync.Mutex
	blob     []byte
	header   http.Header // of each answer
	status   int         // other than 200
	noETag   bool
	requests []*http.Request
}

func serve(t testing.TB) *site {
	t.Helper()
	s := &site{header: http.Header{}}
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *site) put(blob []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blob = append([]byte{}, blob...)
}

func (s *site) answer(status int, headers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.header = status, http.Header{}
	for pair := range slices.Chunk(headers, 2) {
		s.header.Set(pair[0], pair[1])
	}
}

// asked are the requests since the last call.
func (s *site) asked() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.requests
	s.requests = nil
	return all
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	for name, values := range s.header {
		w.Header()[name] = values
	}
	switch {
	case s.status != 0:
		w.WriteHeader(s.status)
		return
	case s.blob == nil:
		http.NotFound(w, r)
		return
	}
	tag := fmt.Sprintf(`"%x-%s"`, md5.Sum(s.blob), s.Listener.Addr()) //nolint:gosec // no two servers give the same
	if !s.noETag {
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	_, _ = w.Write(s.blob)
}

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		m[pair[0]] = pair[1]
	}
	return func(name string) string { return m[name] }
}

func open(t testing.TB, o https.Options, sites ...*site) *https.Store {
	t.Helper()
	var urls []string
	for _, s := range sites {
		urls = append(urls, s.URL+"/vault.enc?signature=hunter2")
	}
	o.Transport = sites[0].Client().Transport // httptest's certificate is the same for all
	if o.Getenv == nil {
		o.Getenv = env()
	}
	s, err := https.Open(strings.Join(urls, " "), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	for _, noETag := range []bool{false, true} {
		t.Run(fmt.Sprint("ETag ", !noETag), func(t *testing.T) {
			storetest.Run(t, storetest.Harness{
				New: func(t testing.TB) storetest.Place {
					web := serve(t)
					web.noETag = noETag
					return storetest.Place{
						Open: func() (backend.Store, error) {
							return open(t, https.Options{MaxSize: 2 << 20, Poll: 10 * time.Millisecond}, web), nil
						},
						Put: func(blob []byte) error { web.put(blob); return nil },
					}
				},
				MaxSize: 2 << 20,
				Secrets: []string{"hunter2"},
			})
		})
	}
}

func TestSaveIsRefused(t *testing.T) {
	if _, err := open(t, https.Options{}, serve(t)).Save(t.Context(), nil, ""); !errors.Is(err, https.ErrReadOnly) {
		t.Error(err)
	}
}

func TestA304NeedsNoBody(t *testing.T) {
	web := serve(t)
	web.put([]byte("text"))
	s := open(t, https.Options{}, web)
	snap, err := s.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context(), snap.Version); !errors.Is(err, backend.ErrNotModified) {
		t.Error(err)
	}
	if _, err := s.Load(t.Context(), ""); err != nil { // wants the document whatever was before
		t.Error(err)
	}
	asked := web.asked()
	if len(asked) != 3 || asked[0].Header.Get("If-None-Match") != "" || asked[1].Header.Get("If-None-Match") == "" || asked[2].Header.Get("If-None-Match") != "" {
		t.Errorf("%d requests", len(asked))
	}
	web.answer(http.StatusNotModified)
	if _, err := s.Load(t.Context(), ""); err == nil || errors.Is(err, backend.ErrNotModified) {
		t.Errorf("304 to a request without a condition: %v", err)
	}
}

// TestANoteGoesOn has another store, as that of another process, go on where one was.
func TestANoteGoesOn(t *testing.T) {
	a, b := serve(t), serve(t)
	b.put([]byte("text"))
	s := open(t, https.Options{}, a, b)
	snap, err := s.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	a.asked()
	b.asked()
	next := open(t, https.Options{}, a, b)
	next.Recall(s.Note())
	if _, err := next.Load(t.Context(), snap.Version); !errors.Is(err, backend.ErrNotModified) {
		t.Error(err)
	}
	if asked := b.asked(); len(a.asked()) != 0 || len(asked) != 1 || asked[0].Header.Get("If-None-Match") == "" {
		t.Errorf("%d requests", len(asked))
	}
	for _, note := range []string{"", "x", `{"first":7,"relays":[{},{}]}`, `{"relays":[{}]}`, `{"relays":[{"etag":"\"a\r\nX: y\"","of":"` + string(snap.Version) + `"},{}]}`} {
		next := open(t, https.Options{}, a, b)
		next.Recall(note)
		if snap, err := next.Load(t.Context(), ""); err != nil || string(snap.Blob) != "text" {
			t.Errorf("%s: %v", note, err)
		}
	}
}

func TestRelays(t *testing.T) {
	a, b := serve(t), serve(t)
	s := open(t, https.Options{Timeout: 2 * time.Second}, a, b)
	if _, err := s.Load(t.Context(), ""); !errors.Is(err, backend.ErrNoVault) {
		t.Errorf("neither has it: %v", err)
	}
	b.put([]byte("text"))
	snap, err := s.Load(t.Context(), "")
	if err != nil || string(snap.Blob) != "text" {
		t.Fatalf("the second has it: %v", err)
	}
	a.asked()
	if _, err := s.Load(t.Context(), snap.Version); !errors.Is(err, backend.ErrNotModified) || len(a.asked()) != 0 {
		t.Errorf("the one that answered is asked first: %v", err)
	}
	// They have one document and other ETags: the version is the same.
	a.put([]byte("text"))
	b.answer(http.StatusBadGateway)
	if _, err := s.Load(t.Context(), snap.Version); !errors.Is(err, backend.ErrNotModified) {
		t.Errorf("the other relay: %v", err)
	}
	a.put(nil)
	a.answer(http.StatusNotFound)
	_, err = s.Load(t.Context(), snap.Version)
	var status *https.StatusError
	if errors.Is(err, backend.ErrNoVault) || !errors.As(err, &status) || status.Status != http.StatusBadGateway {
		t.Errorf("one has nothing and the other fails: %v", err)
	}
	a.Close()
	b.answer(0)
	if snap, err := s.Load(t.Context(), ""); err != nil || string(snap.Blob) != "text" {
		t.Errorf("one is down: %v", err)
	}
}

// TestARelayThatIsBehind is passed over where the caller refuses what it has.
func TestARelayThatIsBehind(t *testing.T) {
	a, b := serve(t), serve(t)
	a.put([]byte("old"))
	b.put([]byte("new"))
	hash := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	refused := []string{hash("older"), hash("old")}
	ctx := backend.Refusing(t.Context(), func() []string { return refused })
	for _, have := range []string{"", hash("old")} {
		s := open(t, https.Options{}, a, b)
		snap, err := s.Load(ctx, backend.Version(have))
		if err != nil || string(snap.Blob) != "new" {
			t.Errorf("have %q: %q, %v", have, snap.Blob, err)
		}
		a.asked()
		if _, err := s.Load(ctx, snap.Version); !errors.Is(err, backend.ErrNotModified) || len(a.asked()) > 0 {
			t.Errorf("the good one is not asked first: %v", err)
		}
	}
	ended := make(chan error)
	ctx, cancel := context.WithCancel(ctx)
	told := make(chan string, 10)
	go func() {
		ended <- open(t, https.Options{}, a, b).Watch(ctx, "", func(snap backend.Snapshot) { told <- string(snap.Blob) })
	}()
	if text := <-told; text != "new" {
		t.Errorf("a watch was told %q", text)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	b.put([]byte("older"))
	if snap, err := open(t, https.Options{}, a, b).Load(backend.Refusing(t.Context(), func() []string { return refused }), ""); err != nil || string(snap.Blob) != "old" {
		t.Errorf("all are behind: %q, %v", snap.Blob, err)
	}
}

// TestARelayThatHangs leaves the next one its share of the time.
func TestARelayThatHangs(t *testing.T) {
	over := make(chan struct{})
	hung := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer hung.Close()
	defer close(over)
	b := serve(t)
	b.put([]byte("text"))
	s := open(t, https.Options{}, &site{Server: hung}, b)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	if snap, err := s.Load(ctx, ""); err != nil || string(snap.Blob) != "text" {
		t.Errorf("%q, %v", snap.Blob, err)
	}
}

func TestErrors(t *testing.T) {
	web := serve(t)
	web.put([]byte("text"))
	s := open(t, https.Options{Timeout: 200 * time.Millisecond}, web)
	for _, c := range []struct {
		status  int
		headers []string
		says    string
	}{
		{http.StatusForbidden, nil, "403 Forbidden; it may want a token"},
		{http.StatusInternalServerError, nil, "500"},
		{799, nil, "answered 799"},
		{0, []string{"Content-Encoding", "gzip"}, "in another form"},
		{http.StatusFound, []string{"Location", "http://example.org/x"}, "from https to plain http"},
		{http.StatusFound, []string{"Location", "/again"}, "more than five times"},
	} {
		web.answer(c.status, c.headers...)
		_, err := s.Load(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, backend.ErrNoVault) {
			t.Errorf("%d: %v", c.status, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("it tells a query: %v", err)
		}
	}
	web.Close()
	if _, err := s.Load(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%v", err)
	}
}

// TestTheTokenStaysWithItsHost counts who is given a token.
func TestTheTokenStaysWithItsHost(t *testing.T) {
	web, other := serve(t), serve(t)
	web.put([]byte("text"))
	other.put([]byte("text"))
	host := strings.TrimPrefix(web.URL, "https://")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("secret-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := https.TokenFromFile(file)
	for _, c := range []struct {
		name  string
		o     https.Options
		given bool
		says  string
	}{
		{"none", https.Options{}, false, ""},
		{"own", https.Options{Token: own}, true, ""},
		{"variable", https.Options{Getenv: env("FLASK_VAULT_HTTPS_TOKEN", "secret-token", "FLASK_VAULT_HTTPS_TOKEN_HOST", host)}, true, ""},
		{"file", https.Options{Getenv: env("FLASK_VAULT_HTTPS_TOKEN_FILE", file, "FLASK_VAULT_HTTPS_TOKEN_HOST", host)}, true, ""},
		{"for another host", https.Options{Getenv: env("FLASK_VAULT_HTTPS_TOKEN", "secret-token", "FLASK_VAULT_HTTPS_TOKEN_HOST", "example.org")}, false, ""},
		{"for no host", https.Options{Getenv: env("FLASK_VAULT_HTTPS_TOKEN", "secret-token")}, false, "FLASK_VAULT_HTTPS_TOKEN_HOST=" + host},
		{"two lines", https.Options{Getenv: env("FLASK_VAULT_HTTPS_TOKEN", "secret-token\nX: y", "FLASK_VAULT_HTTPS_TOKEN_HOST", host)}, false, "a character that none has"},
		{"no file", https.Options{Token: https.TokenFromFile(file + "x")}, false, "cannot read the token"},
		{"no variable", https.Options{Token: https.TokenFromEnv("FLASK_VAULT_NO_SUCH_VARIABLE")}, false, "is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			web.answer(0)
			_, err := open(t, c.o, web).Load(t.Context(), "")
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret-token") {
				t.Errorf("it tells the token: %v", err)
			}
			for _, r := range web.asked() {
				if got := r.Header.Get("Authorization"); (got == "Bearer secret-token") != c.given {
					t.Errorf("Authorization: %q", got)
				}
			}
			if c.says != "" {
				return
			}
			web.answer(http.StatusFound, "Location", other.URL+"/elsewhere")
			if _, err := open(t, c.o, web).Load(t.Context(), ""); err != nil {
				t.Error(err)
			}
			asked := other.asked()
			if len(asked) != 1 {
				t.Errorf("%d requests went to the other host", len(asked))
			}
			for _, r := range asked {
				if r.Header.Get("Authorization") != "" || r.Header.Get("Referer") != "" {
					t.Errorf("the other host was given %v", r.Header)
				}
			}
			web.asked()
		})
	}
}

func TestURLs(t *testing.T) {
	for url, want := range map[string]string{ // "": good
		"https://host/path?q=hunter2":      "",
		"https://a/x\n  https://b/x":       "",
		"http://127.0.0.1:80/x":            "",
		"http://[::1]:80/x":                "",
		"http://localhost/x":               "",
		"http://host/path?q=hunter2":       "plain http",
		"http://127.0.0.1.example.org/x":   "plain http",
		"https://user:hunter2@host/":       "holds credentials",
		"https://user:hunter2@host%/":      "not a URL",
		"https:///path":                    "form",
		"https://host/x#y":                 "form",
		"ftp://host/path?hunter2":          "form",
		"":                                 "there is none",
		"https://a/x http://b/x?q=hunter2": "plain http",
		"file:///etc/passwd":               "form",
	} {
		s, err := https.Open(url, https.Options{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") || err == nil && strings.ContainsAny(s.Name(), "? \n") {
			t.Errorf("%q: %v tells too much", url, err)
		}
	}
}

func TestWatchMindsWhatTheServerSays(t *testing.T) {
	web := serve(t)
	web.put([]byte("text"))
	web.answer(http.StatusServiceUnavailable, "Retry-After", "1")
	s := open(t, https.Options{Poll: 10 * time.Millisecond}, web)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told, ended := make(chan backend.Snapshot), make(chan error)
	begun := time.Now()
	go func() { ended <- s.Watch(ctx, "", func(snap backend.Snapshot) { told <- snap }) }()
	for len(web.asked()) == 0 {
		time.Sleep(time.Millisecond)
	}
	web.answer(0, "Cache-Control", "max-age=600")
	if snap := <-told; string(snap.Blob) != "text" || time.Since(begun) < time.Second {
		t.Errorf("%q after %v", snap.Blob, time.Since(begun))
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	web.answer(http.StatusServiceUnavailable) // does not say when to come again
	var status *https.StatusError
	if err := s.Watch(t.Context(), "", func(backend.Snapshot) {}); !errors.As(err, &status) {
		t.Error(err)
	}
}
