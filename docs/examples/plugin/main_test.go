//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
)

// TestPlugin installs the shell plugin with the real command, makes a vault with
// its key, and runs the program.
func TestPlugin(t *testing.T) {
	bin, dir := t.TempDir(), t.TempDir()
	for _, pkg := range []string{"../../../cmd/flask-vault", "."} {
		if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin+"/", pkg).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	key := keysource.NewKey()
	file := filepath.Join(t.TempDir(), "key")
	plugin, err := filepath.Abs("../../../plugins/examples/shell/plugin.sh")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		file:                                   key.Text() + "\n",
		filepath.Join(dir, "flask-vault.yaml"): "version: 1\nkeysource:\n  - shell: {file: " + file + "}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(stdin, name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, name), args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		cmd.Env = append(os.Environ(), "FLASK_VAULT_PLUGIN_DIR="+filepath.Join(bin, "plugins"))
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	if text, err := run("", "plugin"); err == nil || !strings.Contains(text, "flask-vault plugin install") {
		t.Errorf("before it is installed: %v\n%s", err, text)
	}
	for _, args := range [][]string{{"plugin", "install", plugin, "--name", "shell"}, {"init"}, {"set", "db.password", "-"}} {
		if text, err := run("hunter2", "flask-vault", args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, text)
		}
	}
	text, err := run("", "plugin")
	if want := fmt.Sprintf("key %s from plugin shell\ndb.password: [redacted]\n", key.ID()); err != nil || text != want {
		t.Errorf("%v\n%s\nwant %s", err, text, want)
	}
}
