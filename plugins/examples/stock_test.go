package examples_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/host"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// The plugins that need the vault's directory are built, installed and asked as a
// program asks them: they get it, and have no key in an empty one.
func TestInstalled(t *testing.T) {
	dir := t.TempDir()
	store, err := trust.At(filepath.Join(dir, "plugins"))
	if err != nil {
		t.Fatal(err)
	}
	o := external.Options{Store: store, Call: host.Call, Notice: func(line string) { t.Log(line) }, Directory: t.TempDir()}
	for name, s := range map[string]keysource.Settings{
		"transit": {"key": "shop", "app": "shop", "environment": "production"},
		"awskms":  {"key": "alias/shop", "region": "eu-central-1", "app": "shop", "environment": "production"},
	} {
		out := filepath.Join(dir, name)
		cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", "grpcnotrace", "-o", out, "../"+name)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		r, err := external.Install(t.Context(), out, "", o)
		if err != nil {
			t.Fatal(err)
		}
		src, err := external.New(name, s, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.Load(t.Context()); !errors.Is(err, keysource.ErrNoKey) || !r.Can(external.OpSave) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
