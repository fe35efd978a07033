package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
)

// TestAnInterruptIsNoFinding ends reports before they are complete: they say nothing
// then, since what was not looked at looks like a fault.
func TestAnInterruptIsNoFinding(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("FLASK_VAULT_MASTER_KEY", keysource.NewKey().Text())
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	if err := os.WriteFile("credentials.yml.enc", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, report := range map[string]func(*app) error{
		"doctor":    func(a *app) error { return a.doctor(ctx, doctorOptions{}) },
		"check":     func(a *app) error { return a.check(ctx, false) },
		"key check": func(a *app) error { return a.keyCheck(ctx, false) },
	} {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		if err := report(&app{name: "flask-vault", out: out, err: io.Discard}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if text, err := os.ReadFile(out.Name()); err != nil || len(text) > 0 {
			t.Errorf("%s prints %q, %v", name, text, err)
		}
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	}
}
