package scaffold_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
	"github.com/flask-vault/flask-vault/plugins/host"
	"github.com/flask-vault/flask-vault/plugins/scaffold"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// A new module builds and passes its tests at once, without the network, and
// what it builds can be installed and passes the suite as a plugin.
func TestANewPluginWorksAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new plugin")
	if _, err := scaffold.Write(scaffold.Options{Name: "shop-key", Dir: dir, Source: "../.."}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"vet", "./..."}, {"test", "./..."}, {"build", "-o", "shop-key", "."}, {"mod", "verify"}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	if out, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt: %s %v", out, err)
	}
	store, err := trust.At(filepath.Join(t.TempDir(), "plugins"))
	if err != nil {
		t.Fatal(err)
	}
	o := external.Options{Store: store, Call: host.Call}
	r, err := external.Install(t.Context(), filepath.Join(dir, "shop-key"), "", o)
	if err != nil {
		t.Fatal(err)
	}
	keysourcetest.Run(t, keysourcetest.Harness{
		New: external.Factory(r.Name, o), Settings: keysource.Settings{"file": filepath.Join(t.TempDir(), "key")},
	})
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.Write(scaffold.Options{Name: "x", Dir: dir, Version: "v1.0.0"}); err == nil {
		t.Error("it wrote")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("it left %v", left)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []scaffold.Options{{Name: "../x", Version: "v1.0.0"}, {Name: "X", Version: "v1.0.0"}, {Name: "x"}} {
		o.Dir = filepath.Join(t.TempDir(), "new")
		if _, err := scaffold.Write(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// The modules of a new plugin are those of the example, which is kept tidy.
func TestModulesAreThoseOfTheExample(t *testing.T) {
	for name, example := range map[string]string{"go.mod": "go.mod", "go.sum": "go.sum"} {
		got, err := os.ReadFile(filepath.Join("template", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("..", "examples", "go", example))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("example.com/directory", "{{name}}", "flask-vault v0.0.0", "flask-vault {{version}}",
			"\nreplace github.com/flask-vault/flask-vault => ../../..\n", "{{replace}}").Replace(string(want))
		if string(got) != text {
			t.Errorf("template/%s.txt has\n%s\nwant\n%s", name, got, text)
		}
	}
}

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	files, err := scaffold.Write(scaffold.Options{Name: "shop", Dir: dir, Version: "v1.0.0"})
	for _, f := range files {
		fmt.Println(filepath.Base(f))
	}
	fmt.Println(err)
	// Output:
	// go.mod
	// go.sum
	// main.go
	// main_test.go
	// README.md
	// .gitignore
	// <nil>
}
