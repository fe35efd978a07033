package etcd_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/etcd"
)

// TestTheSameRevisionOfAnotherCluster has a cluster made anew, or restored from a backup and
// written again, whose document has the revision of the one before by chance.
func TestTheSameRevisionOfAnotherCluster(t *testing.T) {
	var value atomic.Value
	var whole, puts atomic.Int32
	value.Store("first")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var txn struct{ Success []any }
		_ = json.NewDecoder(r.Body).Decode(&txn)
		switch {
		case r.URL.Path == "/v3/kv/range":
			whole.Add(1)
			_, _ = fmt.Fprintf(w, `{"header":{"revision":"2"},"kvs":[{"key":"L3g=","mod_revision":"2","value":%q}]}`,
				base64.StdEncoding.EncodeToString([]byte(value.Load().(string))))
		case len(txn.Success) > 0:
			puts.Add(1)
			_, _ = io.WriteString(w, `{"header":{"revision":"3"},"succeeded":true}`)
		default:
			_, _ = io.WriteString(w, `{"header":{"revision":"2"},"succeeded":true}`)
		}
	}))
	defer server.Close()
	s, err := etcd.Open("etcd+http://"+strings.TrimPrefix(server.URL, "http://")+"/x", etcd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	look := func() string {
		t.Helper()
		snap, err := s.Load(t.Context(), "2")
		if err != nil && !errors.Is(err, backend.ErrNotModified) {
			t.Fatal(err)
		}
		return string(snap.Blob)
	}
	if snap, err := s.Load(t.Context(), ""); err != nil || snap.Version != "2" {
		t.Fatalf("%v, %q", err, snap.Version)
	}
	for range 3 {
		if text := look(); text != "" {
			t.Errorf("got %q", text)
		}
	}
	if n := whole.Load(); n != 1 {
		t.Errorf("the whole document was read %d times", n)
	}
	// Another connection, and the same document.
	server.CloseClientConnections()
	for range 4 {
		if text := look(); text != "" {
			t.Errorf("got %q", text)
		}
	}
	if n := whole.Load(); n != 2 {
		t.Errorf("the whole document was read %d times", n)
	}
	server.CloseClientConnections()
	_ = look() // may be the first that finds the connection gone
	value.Store("second")
	if _, err := s.Save(t.Context(), []byte("third"), "2"); !errors.Is(err, backend.ErrConflict) || puts.Load() > 0 {
		t.Errorf("a save over another cluster's document: %v", err)
	}
	if text := look(); text != "second" {
		t.Errorf("got %q", text)
	}
	if _, err := s.Save(t.Context(), []byte("third"), "2"); err != nil || puts.Load() != 1 {
		t.Errorf("a save after that: %v", err)
	}
}
