package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/etcd"
)

// TestATokenThatIsWaitedFor has a cluster that was restored from a backup: etcd waits until
// its log is as long as it was when the token was given, so such a request has no answer.
func TestATokenThatIsWaitedFor(t *testing.T) {
	var logins atomic.Int32
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case r.URL.Path == "/v3/auth/authenticate":
			_, _ = fmt.Fprintf(w, `{"token":"t.%d"}`, logins.Add(1))
		case r.Header.Get("Authorization") == "t.1":
			select {
			case <-r.Context().Done():
			case <-end:
			}
		default:
			_, _ = io.WriteString(w, `{"header":{"revision":"7"},"succeeded":true}`)
		}
	}))
	defer server.Close()
	defer close(end)
	for what, act := range map[string]func(*etcd.Store) error{
		"load": func(s *etcd.Store) error {
			_, err := s.Load(t.Context(), "")
			return err
		},
		"save": func(s *etcd.Store) error {
			_, err := s.Save(t.Context(), []byte("text"), "3")
			return err
		},
	} {
		logins.Store(0)
		s, err := etcd.Open("etcd+http://"+strings.TrimPrefix(server.URL, "http://")+"/x", etcd.Options{
			User: "shop", Password: func(context.Context) (string, error) { return "pw", nil }, Timeout: 200 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := act(s); !errors.Is(err, backend.ErrUnreachable) && !errors.Is(err, backend.ErrUncertain) {
			t.Errorf("%s with the token of before: %v", what, err)
		}
		if err := act(s); err != nil && !errors.Is(err, backend.ErrNoVault) {
			t.Errorf("%s after that: %v", what, err)
		}
		if n := logins.Load(); n != 2 {
			t.Errorf("%s: %d logins", what, n)
		}
		_ = s.Close()
	}
}
