package quick

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/keysource"
)

func ExampleParse() {
	path, vaults, ok := Parse([]string{"--vault", "shop", "credentials.yml.enc"})
	fmt.Println(path, vaults, ok)
	// Output: credentials.yml.enc [shop] true
}

// The keys are found where init puts them, in a file or in a variable, and others
// are left to the long way.
func TestFile(t *testing.T) {
	text := []byte("db.password: hunter22\n")
	for name, keep := range map[string]func(dir string, k keysource.Key){
		"master.key":             func(dir string, k keysource.Key) { writeKey(t, filepath.Join(dir, "master.key"), k) },
		"credentials/x.key":      func(dir string, k keysource.Key) { writeKey(t, filepath.Join(dir, "credentials", "x.key"), k) },
		"FLASK_VAULT_X_KEY":      func(_ string, k keysource.Key) { t.Setenv("FLASK_VAULT_X_KEY", k.Text()) },
		"FLASK_VAULT_MASTER_KEY": func(_ string, k keysource.Key) { t.Setenv("FLASK_VAULT_MASTER_KEY", k.Text()) },
		"elsewhere":              func(string, keysource.Key) {},
	} {
		t.Setenv("FLASK_VAULT_X_KEY", "")
		t.Setenv("FLASK_VAULT_MASTER_KEY", "")
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "credentials"), 0o700); err != nil {
			t.Fatal(err)
		}
		k := keysource.NewKey()
		keep(dir, k)
		c, err := backend.NewCipher(k)
		if err != nil {
			t.Fatal(err)
		}
		token, err := c.Seal(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "blob")
		if err := os.WriteFile(path, token, 0o600); err != nil {
			t.Fatal(err)
		}
		got, ok := File(context.Background(), path, []string{dir})
		if want := name != "elsewhere"; ok != want || want && string(got) != string(text) {
			t.Errorf("%s: %v, %d bytes", name, ok, len(got))
		}
	}
}

// A key file that others can read is not read here either.
func TestExposedKey(t *testing.T) {
	dir := t.TempDir()
	k := keysource.NewKey()
	writeKey(t, filepath.Join(dir, "master.key"), k)
	if err := os.Chmod(filepath.Join(dir, "master.key"), 0o644); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	c, err := backend.NewCipher(k)
	if err != nil {
		t.Fatal(err)
	}
	token, _ := c.Seal([]byte("x"), nil)
	path := filepath.Join(dir, "blob")
	if err := os.WriteFile(path, token, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, ok := File(context.Background(), path, []string{dir}); ok || strings.Contains(string(got), "x") {
		t.Error("an exposed key opened it")
	}
}

func writeKey(t *testing.T, path string, k keysource.Key) {
	t.Helper()
	if err := os.WriteFile(path, []byte(k.Text()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
