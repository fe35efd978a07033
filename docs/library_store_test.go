package docs

import (
	"context"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/lastgood"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/backend/network"
)

// openStore opens a vault that may be in a store, also while that is down.
func openStore(ctx context.Context) (*backend.Vault, error) {
	return config.Open(ctx, config.Overrides{Stores: withCopy})
}

// withCopy makes a store that keeps what was loaded last, and refuses to go back.
func withCopy(l location.Location) (backend.Store, error) {
	store, err := network.Open(l)
	if err != nil {
		return nil, err
	}
	path, err := lastgood.Path(l.ID()) // that of the command: they share it
	if err != nil {
		return nil, err
	}
	return lastgood.New(store, lastgood.Options{
		Path:  path,
		Check: backend.CheckEnvelope,
		Older: func(a, b backend.Version) bool { return l.Older(string(a), string(b)) },
		Stale: func(s lastgood.Stale) { log.Printf("the secrets are those of %v ago: %v", s.Age, s.Cause) },
	}), nil
}

// TestAStoreWithACopy has a program start while its store is there, and again when it is not.
func TestAStoreWithACopy(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	log.SetOutput(t.Output())
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	if err := makeVault(t.Context(), "db: {password: hunter2}\n"); err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile("credentials.yml.enc")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sealed) }))
	defer server.Close()
	file := "version: 1\ncredentials: " + server.URL + "/shop.yml.enc\n"
	if err := os.WriteFile("flask-vault.yaml", []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, down := range []bool{false, true} {
		if down {
			server.Close()
		}
		v, err := openStore(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if password, err := v.Get("db.password"); err != nil || password.Reveal() != "hunter2" {
			t.Errorf("down: %v, %v", down, err)
		}
	}
}
