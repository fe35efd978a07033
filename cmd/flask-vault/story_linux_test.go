package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStoryOfFourKeySources runs testdata/story/keysources.sh with our real
// programs, a real GNOME Keyring and a plugin that is not ours.
func TestStoryOfFourKeySources(t *testing.T) {
	for _, p := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		_, err := exec.LookPath(p)
		requires(t, err, p+" (Debian: gnome-keyring, dbus)")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-tags", "grpcnotrace", "-o", bin, ".", "../flask-vault-pluginhost", "../../plugins/keyring")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	home, err := os.MkdirTemp("", "fv") // short: it holds sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	script, err := filepath.Abs("testdata/story/keysources.sh")
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := filepath.Abs("../../plugins/examples/shell/plugin.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "dbus-run-session", "--", "sh", script)
	cmd.Dir = filepath.Join(home, "work")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "BIN=" + bin, "PLUGIN=" + plugin,
		"KEYRING_PASSWORD=a password of the test",
	}
	for name, dir := range map[string]string{"XDG_RUNTIME_DIR": "run", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache"} {
		cmd.Env = append(cmd.Env, name+"="+filepath.Join(home, dir))
	}
	for _, dir := range []string{"work", "run", "data/keyrings", "config", "cache"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd.WaitDelay = 5 * time.Second // the keyring's daemon may hold the pipes a little longer
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) || !strings.Contains(string(out), "story told") {
		t.Fatalf("%v\n%s", err, out)
	}
}
