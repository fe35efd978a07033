// Package examples tests the example plugins as their users would: installed,
// and run through the same conformance suite as every source of ours.
package examples_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
	"github.com/flask-vault/flask-vault/plugins/host"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// conform installs the executable and checks it, with the key in that file.
func conform(t *testing.T, executable, protocol string, s keysource.Settings, file string) {
	t.Helper()
	store, err := trust.At(filepath.Join(t.TempDir(), "plugins"))
	if err != nil {
		t.Fatal(err)
	}
	o := external.Options{Store: store, Call: host.Call, Notice: func(line string) { t.Log(line) }}
	r, err := external.Install(t.Context(), executable, "", o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Protocol != protocol {
		t.Errorf("it is installed as %s", r.Protocol)
	}
	keysourcetest.Run(t, keysourcetest.Harness{
		New: external.Factory(r.Name, o), Settings: s,
		Put:   func(text []byte) error { return os.WriteFile(file, text, 0o600) },
		Clear: func() error { return os.RemoveAll(file) },
	})
}

// The example in Go is a module of its own, and is built and tested as one.
func TestGo(t *testing.T) {
	out := filepath.Join(t.TempDir(), "directory")
	for _, args := range [][]string{{"vet", "./..."}, {"test", "./..."}, {"build", "-o", out, "."}} {
		cmd := exec.CommandContext(context.Background(), "go", args...)
		cmd.Dir = "go"
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, text)
		}
	}
	dir := t.TempDir()
	conform(t, out, trust.GoPlugin, keysource.Settings{"dir": dir}, filepath.Join(dir, "key"))
}

func TestPython(t *testing.T) {
	if err := exec.Command("/usr/bin/python3", "-c", "import grpc, google.protobuf, cryptography").Run(); err != nil {
		const what = "python3-grpcio, python3-protobuf and python3-cryptography are not installed"
		if os.Getenv("FLASK_VAULT_INTEROP") == "1" {
			t.Fatal(what)
		}
		t.Skip("NOT TESTED: " + what)
	}
	lib, err := filepath.Abs("python")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("FILE_PLUGIN_LIB", lib)
	file := filepath.Join(t.TempDir(), "key")
	conform(t, filepath.Join(lib, "plugin.py"), trust.GoPlugin, keysource.Settings{"file": file}, file)
}

func TestShell(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	conform(t, "shell/plugin.sh", trust.OneShot, keysource.Settings{"file": file}, file)
}
