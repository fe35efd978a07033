package transitkey

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/internal/wrapped"
)

func ExampleNew() {
	src, err := New(keysource.Settings{"vault_directory": os.TempDir(), "key": "shop", "app": "shop", "environment": "production"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(src.Name())
	// Output: transit transit/shop
}

func settings(dir, environment string) keysource.Settings {
	return keysource.Settings{wrapped.Directory: dir, "key": "shop", "app": "shop", "environment": environment}
}

func newSource(t *testing.T, s keysource.Settings) source {
	t.Helper()
	src, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return src.(source)
}

func code(err error) plugins.Code {
	var e *external.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestConformance(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	path := filepath.Join(dir, defaultFile)
	keysourcetest.Run(t, keysourcetest.Harness{
		New: New, Settings: settings(dir, "production"),
		Put: func(text []byte) error {
			return os.WriteFile(path, []byte(f.seal(text, []byte("flask-vault:shop:production"))), 0o644)
		},
		Clear: func() error { return os.RemoveAll(path) },
	})
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	for name, value := range map[string]string{
		"key": "../sys/seal", "app": "", "environment": "a:b", "mount": "../../sys", "file": "../x", "kye": "x",
	} {
		s := settings(dir, "production")
		s[name] = value
		if _, err := New(s); err == nil {
			t.Errorf("%s: %q was taken", name, value)
		}
	}
}

// What is wrapped for one environment or app opens for no other.
func TestTheContextIsBound(t *testing.T) {
	newFake(t)
	dir := t.TempDir()
	if err := newSource(t, settings(dir, "staging")).Save(t.Context(), keysource.NewKey()); err != nil {
		t.Fatal(err)
	}
	if _, err := newSource(t, settings(dir, "staging")).Load(t.Context()); err != nil {
		t.Error(err)
	}
	other := settings(dir, "staging")
	other["app"] = "mail"
	for _, s := range []keysource.Settings{settings(dir, "production"), other} {
		if _, err := newSource(t, s).Load(t.Context()); err == nil || errors.Is(err, keysource.ErrNoKey) || !strings.Contains(err.Error(), "another app or environment") {
			t.Errorf("got %v", err)
		}
	}
}

// A key that is not derived takes any context, so it is refused.
func TestAKeyThatIsNotDerived(t *testing.T) {
	newFake(t).derived = false
	dir := t.TempDir()
	if err := newSource(t, settings(dir, "production")).Save(t.Context(), keysource.NewKey()); code(err) != plugins.BadSettings || !strings.Contains(err.Error(), "derived=true") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, defaultFile)); err == nil {
		t.Error("it is written")
	}
}

// An application may unwrap and not wrap.
func TestATokenThatMayOnlyOpen(t *testing.T) {
	f := newFake(t)
	src := newSource(t, settings(t.TempDir(), "production"))
	k := keysource.NewKey()
	if err := src.Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VAULT_TOKEN", f.reader)
	if got, err := src.Load(t.Context()); err != nil || !got.Equal(k) {
		t.Errorf("got %v, %v", got, err)
	}
	if err := src.Save(t.Context(), keysource.NewKey()); code(err) != plugins.Denied {
		t.Errorf("got %v", err)
	}
	if got, err := src.Load(t.Context()); err != nil || !got.Equal(k) {
		t.Errorf("the key of before: %v, %v", got, err)
	}
	// The variables of OpenBao go before, and the file of a login comes last.
	t.Setenv("BAO_TOKEN", "hvs.stranger")
	if _, err := src.Load(t.Context()); code(err) != plugins.Denied || strings.Contains(err.Error(), "stranger") {
		t.Errorf("got %v", err)
	}
	t.Setenv("BAO_TOKEN", "")
	t.Setenv("VAULT_TOKEN", "")
	if _, err := src.Load(t.Context()); code(err) != plugins.Denied || !strings.Contains(err.Error(), "bao login") {
		t.Errorf("got %v", err)
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	if err := os.WriteFile(filepath.Join(home, ".vault-token"), []byte(f.reader+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Load(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhatAServerAnswers(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	src := newSource(t, settings(dir, "production"))
	if err := src.Save(t.Context(), keysource.NewKey()); err != nil {
		t.Fatal(err)
	}
	for status, want := range map[int]plugins.Code{
		http.StatusBadRequest: "", http.StatusForbidden: plugins.Denied, http.StatusNotFound: plugins.BadSettings,
		http.StatusServiceUnavailable: plugins.Locked, http.StatusTemporaryRedirect: plugins.Unavailable,
		http.StatusInternalServerError: plugins.Unavailable, http.StatusTooManyRequests: plugins.Unavailable,
	} {
		f.status = status
		for _, err := range []error{loadError(t, src), src.Save(t.Context(), keysource.NewKey())} {
			if err == nil || code(err) != want || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("%d gives %v", status, err)
			}
		}
	}
	f.status = 0
	if err := os.WriteFile(filepath.Join(dir, defaultFile), []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := loadError(t, src); err == nil || !strings.Contains(err.Error(), "does not hold what transit wraps") {
		t.Errorf("got %v", err)
	}
}

func loadError(t *testing.T, src source) error {
	_, err := src.Load(t.Context())
	return err
}

// No server is asked that the user has not named, nor one whose certificate is
// not good, nor one without TLS.
func TestTheServerIsTheUsers(t *testing.T) {
	newFake(t)
	dir := t.TempDir()
	src := newSource(t, settings(dir, "production"))
	if err := src.Save(t.Context(), keysource.NewKey()); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"addr": "https://evil.example.com", "address": "https://evil.example.com", "token": "x"} {
		s := settings(dir, "production")
		s[name] = value
		if _, err := New(s); err == nil {
			t.Errorf("the setting %s was taken", name)
		}
	}
	t.Setenv("VAULT_CACERT", "")
	if err := loadError(t, src); code(err) != plugins.Unavailable || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
	t.Setenv("VAULT_ADDR", "http://vault.example.com:8200")
	if err := loadError(t, src); code(err) != plugins.BadSettings {
		t.Errorf("got %v", err)
	}
	t.Setenv("VAULT_ADDR", "")
	if err := loadError(t, src); code(err) != plugins.Unavailable || !strings.Contains(err.Error(), "VAULT_ADDR") {
		t.Errorf("got %v", err)
	}
}
