//go:build unix

package host_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// This test binary is its own plugins: installed under a name that starts with
// "as-" it behaves as that name says, since a plugin's name is what it finds in
// os.Args[0].
func TestMain(m *testing.M) {
	if mode, ok := strings.CutPrefix(os.Args[0], "as-"); ok {
		behave(mode)
		return
	}
	if len(os.Args) == 4 && os.Args[1] == "load-for-ever" {
		loadForEver(os.Args[2], os.Args[3])
		return
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// mark is a variable that every plugin of a test gets, and so every process
// that it starts: that is how a test finds what is left of them.
const mark = "FAULT_MARK"

// fixture is a store, an empty directory for temporary files, and a mark.
type fixture struct {
	t     *testing.T
	store *trust.Store
	temp  string
	mark  string
	lines *lines
	o     external.Options
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, err := trust.At(filepath.Join(t.TempDir(), "plugins"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, store: store, mark: t.Name(), lines: &lines{}}
	if f.temp, err = os.MkdirTemp("", "fv"); err != nil { // short: it holds sockets
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", f.temp)
	t.Setenv(mark, f.mark)
	f.o = external.Options{Store: store, Notice: f.lines.add}
	t.Cleanup(func() {
		f.nothingLeft()
		os.RemoveAll(f.temp)
	})
	return f
}

// installSelf installs this test binary as the go-plugin plugin of that name.
func (f *fixture) installSelf(name string, change ...func(*trust.Description)) {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	f.install(self, name, trust.GoPlugin, change...)
}

// installScript installs a shell script as the one-shot plugin of that name.
func (f *fixture) installScript(name, body string) {
	f.t.Helper()
	path := filepath.Join(f.t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700); err != nil {
		f.t.Fatal(err)
	}
	f.install(path, name, trust.OneShot)
}

func (f *fixture) install(path, name, protocol string, change ...func(*trust.Description)) {
	f.t.Helper()
	staged, err := f.store.Stage(path)
	if err != nil {
		f.t.Fatal(err)
	}
	d := trust.Description{
		Name: name, Version: "1.0.0", Protocol: protocol, Operations: []string{"load", "save", "delete"},
		Settings: []string{"file"}, Environment: []string{mark},
	}
	for _, c := range change {
		c(&d)
	}
	if _, err := staged.Commit(name, d); err != nil {
		f.t.Fatal(err)
	}
}

// lines collects what is shown.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "\n")
}

var (
	buildOnce sync.Once
	buildDir  string
	buildErr  error

	realTemp = os.TempDir() // before a test sets another
)

// pluginHost builds flask-vault-pluginhost, once.
func pluginHost(t *testing.T) string {
	t.Helper()
	buildOnce.Do(func() {
		if buildDir, buildErr = os.MkdirTemp(realTemp, "fvhost"); buildErr != nil {
			return
		}
		out, err := exec.Command("go", "build", "-o", buildDir, "github.com/flask-vault/flask-vault/cmd/flask-vault-pluginhost").CombinedOutput()
		if err != nil {
			buildErr = fmt.Errorf("%w: %s", err, out)
		}
	})
	if buildErr != nil {
		t.Fatal(buildErr)
	}
	return filepath.Join(buildDir, "flask-vault-pluginhost")
}

// loadForEver is a host that waits for a plugin which never answers. It is
// killed.
func loadForEver(dir, pluginHost string) {
	store, err := trust.At(dir)
	if err != nil {
		panic(err)
	}
	o := external.Options{Store: store, Words: func(_, line string) { fmt.Println(line) }, Notice: func(string) {}}
	src, err := newSource(pluginHost, "as-hang-call", nil, o)
	if err == nil {
		_, err = src.Load(context.Background())
	}
	fmt.Println(err)
}
