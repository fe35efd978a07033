package network_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/backend/network"
	"github.com/flask-vault/flask-vault/backend/s3/s3test"
)

func TestOpen(t *testing.T) {
	for _, tc := range []struct {
		l    location.Location
		want string // of the error; "" for none
	}{
		{location.Location{URL: "etcd://a:2379,b:2379/shop", User: "me", PasswordEnv: "X"}, ""},
		{location.Location{URL: "etcd+http://localhost/shop"}, ""},
		{location.Location{URL: "s3://bucket/shop.yml.enc", Region: "eu-central-1"}, ""},
		{location.Location{URL: "https://relay.example/shop.yml.enc", PasswordEnv: "X"}, ""},
		{location.Location{URL: "https://relay.example/x", CA: "/none/ca.pem"}, "store.ca"},
		{location.Location{URL: "http://relay.example/x"}, "plain http"},
		{location.Location{URL: "etcd://a/shop", Region: "x"}, "store.region is not for etcd://"},
		{location.Location{URL: "s3://bucket/shop", CA: "/x"}, "store.ca is not for s3://"},
		{location.Location{URL: "etcd://a"}, "names no key"},
		{location.Location{URL: "s3://bucket"}, "no object"},
		{location.Location{URL: "etcd://me:hunter2@a/x"}, "must not hold a password"},
		{location.Location{URL: "credentials.yml.enc"}, "not a URL"},
	} {
		s, err := network.Open(tc.l)
		if tc.want == "" && (err != nil || s == nil) || tc.want != "" && (err == nil || s != nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, %v, want %q", tc.l.URL, s, err, tc.want)
		}
	}
}

func TestErrorsThatAllStoresShare(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	server := s3test.New(false)
	defer server.Close()
	store, err := network.Open(location.Location{URL: "s3://bucket/doc", Region: "eu-central-1", Endpoint: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := store.(backend.Watcher); !ok {
		t.Error("the store lost its watch")
	}
	for fault, kind := range map[s3test.Fault]error{
		s3test.Unavailable: backend.ErrUnreachable, s3test.DropBefore: backend.ErrUnreachable, s3test.ForeignAnswer: fs.ErrPermission,
		s3test.Expired: fs.ErrPermission,
	} {
		server.SetFault(func(*http.Request) s3test.Fault { return fault })
		if _, err := store.Load(t.Context(), ""); !errors.Is(err, kind) {
			t.Errorf("fault %d: %v", fault, err)
		}
	}
	server.SetFault(nil)
	server.SetConditions(s3test.Ignored)
	if _, err := store.Save(t.Context(), []byte("text"), ""); !errors.Is(err, backend.ErrReadOnlyStore) {
		t.Errorf("a server that ignores conditions: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	poor, err := network.Open(location.Location{URL: "s3://bucket/doc", Region: "eu-central-1", Endpoint: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := poor.Load(t.Context(), ""); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("no credentials: %v", err)
	}
	server.Close()
	_, err = store.Load(t.Context(), "")
	if !errors.Is(err, backend.ErrUnreachable) || !strings.HasPrefix(err.Error(), "the store cannot be reached: ") || !strings.HasSuffix(err.Error(), ": connection refused") {
		t.Errorf("no server: %v", err)
	}
	if _, err := store.Save(t.Context(), []byte("x"), `"1"`); !errors.Is(err, backend.ErrUnreachable) || errors.Is(err, backend.ErrUncertain) {
		t.Errorf("a save that was not sent: %v", err)
	}
}

// TestARefusalNamesTheTokenInForce: which one was sent, or how to name one.
func TestARefusalNamesTheTokenInForce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer server.Close()
	t.Setenv("SHOP_TOKEN", "hunter2")
	for _, tc := range []struct {
		l    location.Location
		says string
	}{
		{location.Location{}, "store.password_env names the variable"},
		{location.Location{PasswordEnv: "SHOP_TOKEN"}, "it was sent the token of the variable SHOP_TOKEN"},
	} {
		tc.l.URL = server.URL + "/x"
		store, err := network.Open(tc.l)
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Load(t.Context(), "")
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

// TestACertificateThatIsNotBelieved is no answer of the store, for S3 and for web servers as
// for etcd, and says what it is checked against.
func TestACertificateThatIsNotBelieved(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	for _, tc := range []struct {
		l    location.Location
		says string
	}{
		{location.Location{URL: "https://" + host + "/x"}, "store.ca"},
		{location.Location{URL: "s3://bucket/x", Region: "eu-central-1", Endpoint: server.URL}, "AWS_CA_BUNDLE"},
		{location.Location{URL: "etcd://" + host + "/x"}, "store.ca"},
	} {
		store, err := network.Open(tc.l)
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Load(t.Context(), "")
		if !errors.Is(err, backend.ErrUnreachable) || !strings.HasPrefix(err.Error(), "the store cannot be reached: ") || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: load: %v", tc.l.URL, err)
		}
		if _, err := store.Save(t.Context(), []byte("x"), "1"); errors.Is(err, backend.ErrUncertain) {
			t.Errorf("%s: save: %v", tc.l.URL, err)
		}
	}
}

func Example() {
	store, err := network.Open(location.Location{URL: "etcd+http://127.0.0.1:1/shop"})
	fmt.Println(store.Name(), err)
	_, err = store.Load(context.Background(), "")
	fmt.Println(errors.Is(err, backend.ErrUnreachable))
	// Output:
	// etcd+http://127.0.0.1:1/shop <nil>
	// true
}
