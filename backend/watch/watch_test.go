package watch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/watch"
)

func TestMain(m *testing.M) {
	if os.Getenv("WATCH_WITHOUT_INOTIFY") != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}

// told is one call of Changed.
type told struct {
	names []string
	err   error
}

// watched is a vault in a directory, and what the watcher says of it.
type watched struct {
	testing.TB
	dir    string
	layers backend.Layers
	calls  chan told
	stop   func() // and wait until the watcher has ended
}

// makeVault makes a vault with a text in dir.
func makeVault(t testing.TB, dir, text string) {
	t.Helper()
	c, err := config.Resolve(config.Overrides{Dir: dir, Here: true})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Options()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backend.Init(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	save(t, dir, text)
}

// save saves a text as another process of the program does.
func save(t testing.TB, dir, text string) {
	t.Helper()
	v, err := config.Open(context.Background(), config.Overrides{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Edit(context.Background(), func([]byte) ([]byte, error) { return []byte(text), nil }); err != nil {
		t.Fatal(err)
	}
}

// sealed is a text under the vault's key.
func sealed(t testing.TB, dir, text string) []byte {
	t.Helper()
	v, err := config.Open(context.Background(), config.Overrides{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	blob, err := v.Seal([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

func start(t testing.TB, dir string, o watch.Watcher) *watched {
	t.Helper()
	c, err := config.Resolve(config.Overrides{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	layers, err := c.OpenLayers(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{TB: t, dir: dir, layers: layers, calls: make(chan told, 10_000)}
	o.Layers, o.Changed = layers, func(names []string, err error) { w.calls <- told{names, err} }
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { o.Run(ctx) })
	w.stop = func() { cancel(); wg.Wait() }
	t.Cleanup(w.stop)
	return w
}

// value waits until a name has a value.
func (w *watched) value(name, want string) {
	w.Helper()
	deadline := time.After(30 * time.Second)
	for {
		s, _ := w.layers.Get(name)
		if s.Reveal() == want {
			return
		}
		select {
		case c := <-w.calls:
			if c.err != nil {
				w.Logf("reported: %v", c.err)
			}
		case <-deadline:
			w.Fatalf("%s is not %q yet", name, want)
		}
	}
}

// told waits for the next report.
func (w *watched) told() told {
	w.Helper()
	select {
	case c := <-w.calls:
		return c
	case <-time.After(30 * time.Second):
		w.Fatal("nothing is reported")
		return told{}
	}
}

func put(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func try(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNamesOfWhatChanged(t *testing.T) {
	dir := t.TempDir()
	makeVault(t, dir, "a: 1\nb: 2\nc: 3\n")
	w := start(t, dir, watch.Watcher{})
	save(t, dir, "a: 1\nb: two\nd: 4\n# a comment\n")
	if got := fmt.Sprint(w.told()); got != "{[b c d] <nil>}" {
		t.Error(got)
	}
	save(t, dir, "a: 1\nb: two\nd: 4\n# another comment\n") // changes no value: nothing is told
	save(t, dir, "a: one\nb: two\nd: 4\n")
	if got := fmt.Sprint(w.told()); got != "{[a] <nil>}" {
		t.Error(got)
	}
}

// TestHowEditorsSave replaces the file in the ways of editors and git.
func TestHowEditorsSave(t *testing.T) {
	for name, replace := range map[string]func(path string, content []byte) error{
		"in place": func(path string, content []byte) error { return os.WriteFile(path, content, 0o600) },
		"in pieces": func(path string, content []byte) error {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
			if err != nil {
				return err
			}
			half := len(content) / 2
			_, err1 := f.Write(content[:half])
			err2 := f.Sync()
			_, err3 := f.Write(content[half:])
			return errors.Join(err1, err2, err3, f.Close())
		},
		"renamed over": func(path string, content []byte) error {
			return errors.Join(os.WriteFile(path+".new", content, 0o600), os.Rename(path+".new", path))
		},
		"kept as a backup": func(path string, content []byte) error { // vim with backup
			return errors.Join(os.Rename(path, path+"~"), os.WriteFile(path, content, 0o600))
		},
		"removed first": func(path string, content []byte) error { // git checkout
			return errors.Join(os.Remove(path), os.WriteFile(path, content, 0o600))
		},
		"another directory in its place": func(path string, content []byte) error {
			dir := filepath.Dir(path)
			key, err := os.ReadFile(filepath.Join(dir, "master.key"))
			return errors.Join(err, os.Rename(dir, dir+".old"), os.Mkdir(dir, 0o700),
				os.WriteFile(filepath.Join(dir, "master.key"), key, 0o600), os.WriteFile(path, content, 0o600), os.RemoveAll(dir+".old"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "vault")
			try(t, os.Mkdir(dir, 0o700))
			makeVault(t, dir, "a: 0\n")
			w := start(t, dir, watch.Watcher{Poll: time.Hour}) // so that it is told, and does not find out
			for i := 1; i <= 5; i++ {
				try(t, replace(filepath.Join(dir, "credentials.yml.enc"), sealed(t, dir, fmt.Sprintf("a: %d\n", i))))
				w.value("a", fmt.Sprint(i))
			}
		})
	}
}

// TestKubernetes swaps ..data as the kubelet does: a new directory, a new link
// beside ..data, renamed over it, and the old directory removed.
func TestKubernetes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: Kubernetes mounts Secrets so on POSIX systems")
	}
	made := t.TempDir()
	mount := filepath.Join(t.TempDir(), "secrets")
	try(t, os.Mkdir(mount, 0o700))
	swap := func(i int) {
		name := fmt.Sprintf("..2024_01_31_%d", i)
		next := filepath.Join(mount, name)
		try(t, os.Mkdir(next, 0o700))
		for _, file := range []string{"master.key", "credentials.yml.enc"} {
			content, err := os.ReadFile(filepath.Join(made, file))
			try(t, err)
			put(t, filepath.Join(next, file), content)
		}
		old, _ := os.Readlink(filepath.Join(mount, "..data"))
		try(t, os.Symlink(name, filepath.Join(mount, "..data_tmp")))
		try(t, os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")))
		if old != "" {
			try(t, os.RemoveAll(filepath.Join(mount, old)))
		}
	}
	makeVault(t, made, "a: 0\n")
	swap(0)
	for _, file := range []string{"master.key", "credentials.yml.enc"} {
		try(t, os.Symlink(filepath.Join("..data", file), filepath.Join(mount, file)))
	}
	w := start(t, mount, watch.Watcher{Poll: time.Hour})
	for i := 1; i <= 5; i++ {
		if i%2 == 0 { // with another key, in the same step
			try(t, os.RemoveAll(made))
			try(t, os.Mkdir(made, 0o700))
			makeVault(t, made, "")
		}
		save(t, made, fmt.Sprintf("a: %d\n", i))
		swap(i)
		w.value("a", fmt.Sprint(i))
	}
}

// TestLastGoodStays breaks the file in several ways, each reported once.
func TestLastGoodStays(t *testing.T) {
	dir := t.TempDir()
	makeVault(t, dir, "a: good\n")
	path := filepath.Join(dir, "credentials.yml.enc")
	blob := sealed(t, dir, "a: tampered\n")
	if blob[20] == 'A' {
		blob[20] = 'B'
	} else {
		blob[20] = 'A' // still base64
	}
	w := start(t, dir, watch.Watcher{Poll: 20 * time.Millisecond})
	for _, c := range []struct {
		name string
		make func()
		want string
	}{
		{"not sealed", func() { put(t, path, []byte("a: plain\n")) }, "never encrypted"},
		{"cut", func() { put(t, path, blob[:30]) }, "cut short"},
		{"empty", func() { put(t, path, nil) }, "empty"},
		{"tampered", func() { put(t, path, blob) }, backend.ErrAuth.Error()},
		{"gone", func() { try(t, os.Remove(path)) }, "no such vault"},
		{"a directory", func() { try(t, os.Mkdir(path, 0o700)) }, "directory"},
	} {
		c.make()
		got := w.told()
		if got.err == nil || !strings.Contains(got.err.Error(), c.want) && c.name != "a directory" || got.names != nil {
			t.Errorf("%s: %v", c.name, got)
		}
		if s, err := w.layers.Get("a"); err != nil || s.Reveal() != "good" {
			t.Errorf("%s: the last good content is lost: %v", c.name, err)
		}
	}
	try(t, os.Remove(path))
	key, err := os.ReadFile(filepath.Join(dir, "master.key"))
	try(t, err)
	other := t.TempDir()
	put(t, filepath.Join(other, "master.key"), key)
	makeVault(t, other, "a: good\n")
	put(t, path, sealed(t, other, "a: good\n"))
	got := w.told()
	for got.err != nil { // a moment without a file may be seen
		got = w.told()
	}
	if got.names != nil {
		t.Errorf("all is well again, and it is told %v", got)
	}
	put(t, path, sealed(t, other, "a: [broken\n"))
	if got = w.told(); got.err == nil || !strings.Contains(got.err.Error(), "line ") {
		t.Errorf("broken YAML: %v", got)
	}
	put(t, path, sealed(t, other, "a: new\n"))
	if got := fmt.Sprint(w.told()); got != "{[a] <nil>}" {
		t.Error(got)
	}
	w.stop()
	if len(w.calls) > 0 {
		t.Errorf("something is told twice: %v", <-w.calls)
	}
}

// TestKeyComesLater has the document first and its key a moment later, or much later.
func TestKeyComesLater(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	makeVault(t, dir, "a: old\n")
	makeVault(t, other, "a: new\n")
	w := start(t, dir, watch.Watcher{Poll: time.Hour})
	token, err := w.layers[0].Seal([]byte("cart"), []byte("user 7"))
	try(t, err)
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(other, name))
		try(t, err)
		return content
	}
	put(t, filepath.Join(dir, "credentials.yml.enc"), read("credentials.yml.enc"))
	if got := w.told(); !errors.Is(got.err, backend.ErrAuth) {
		t.Fatal(got)
	}
	put(t, filepath.Join(dir, "master.key"), read("master.key"))
	if got := fmt.Sprint(w.told()); got != "{[a] <nil>}" {
		t.Error(got)
	}
	w.value("a", "new")
	if text, err := w.layers[0].Open(token, []byte("user 7")); err != nil || string(text) != "cart" {
		t.Errorf("a token of before: %v", err)
	}
	if _, err := w.layers[0].Open(token, []byte("user 8")); !errors.Is(err, backend.ErrAuth) {
		t.Errorf("a token of somebody else: %v", err)
	}
}

// program builds flask-vault.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "watch-test-")
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, "flask-vault")
	text, err := exec.Command("go", "build", "-o", out, "../../cmd/flask-vault").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, text)
	}
	return out, err
})

func run(t testing.TB, dir, stdin string, args ...string) {
	t.Helper()
	path, err := program()
	try(t, err)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, text)
	}
}

// TestRekeyWhileWatching has the real program change the key three times, with
// the key's id in the configuration, and change a value each time. Tokens of all
// keys open.
func TestRekeyWhileWatching(t *testing.T) {
	if path, err := program(); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(path)) })
	}
	dir := t.TempDir()
	put(t, filepath.Join(dir, "flask-vault.yaml"), []byte("version: 1\n"))
	run(t, dir, "", "init", "-q")
	run(t, dir, "0", "set", "-q", "a", "-")
	c, err := config.Resolve(config.Overrides{Dir: dir})
	try(t, err)
	if c.KeyID == "" {
		v, err := c.Open(t.Context())
		try(t, err)
		put(t, c.File, []byte("version: 1\nkey_id: \""+v.KeyID()+"\"\n"))
	}
	w := start(t, dir, watch.Watcher{})
	var tokens [][]byte
	ids := map[string]bool{}
	for i := 1; i <= 3; i++ {
		token, err := w.layers[0].Seal([]byte("cart"), nil)
		try(t, err)
		tokens = append(tokens, token)
		run(t, dir, "", "rekey", "-q")
		run(t, dir, fmt.Sprint(i), "set", "-q", "a", "-")
		// On a busy machine the moment between key and document is long enough to be reported.
		var names []string
		for fmt.Sprint(names) != "[a]" {
			names = w.told().names
		}
		w.value("a", fmt.Sprint(i))
		ids[w.layers[0].KeyID()] = true
		for _, token := range tokens {
			if _, err := w.layers[0].Open(token, nil); err != nil {
				t.Errorf("after rekey %d: %v", i, err)
			}
		}
	}
	if len(ids) != 3 {
		t.Errorf("the keys were %v", ids)
	}
	// A program that starts now opens them, too.
	v, err := config.Open(t.Context(), config.Overrides{Dir: dir})
	try(t, err)
	for i, token := range tokens {
		if _, err := v.Open(token, nil); err != nil {
			t.Errorf("token %d in a new program: %v", i, err)
		}
	}
}

// TestThousandQuickSaves reads all the while: each moment has one save whole, and
// the last one arrives.
func TestThousandQuickSaves(t *testing.T) {
	dir := t.TempDir()
	makeVault(t, dir, "a: 0\nb: 0\n")
	path := filepath.Join(dir, "credentials.yml.enc")
	v, err := config.Open(t.Context(), config.Overrides{Dir: dir})
	try(t, err)
	w := start(t, dir, watch.Watcher{Poll: time.Hour})
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for last := 0; ; {
				var c struct {
					A int `vault:"a,required"`
					B int `vault:"b,required"`
				}
				if err := w.layers.Decode(&c); err != nil || c.A != c.B || c.A < last {
					t.Errorf("torn: %v %v after %d", c, err, last)
					return
				}
				last = c.A
				select {
				case <-done:
					return
				default:
					runtime.Gosched()
				}
			}
		})
	}
	const saves = 1000
	for i := 1; i <= saves; i++ {
		blob, err := v.Seal(fmt.Appendf(nil, "a: %d\nb: %d\n", i, i), nil)
		try(t, err)
		put(t, path+".new", blob)
		try(t, os.Rename(path+".new", path))
	}
	w.value("a", fmt.Sprint(saves))
	w.value("b", fmt.Sprint(saves))
	close(done)
	readers.Wait()
}

// TestNobodyIsTold wants a watcher without a callback to take up changes.
func TestNobodyIsTold(t *testing.T) {
	dir := t.TempDir()
	makeVault(t, dir, "a: before\n")
	v, err := config.Open(t.Context(), config.Overrides{Dir: dir, Here: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watch.Watch(ctx, backend.Layers{v}, nil)
	}()
	save(t, dir, "a: after\n")
	for deadline := time.Now().Add(30 * time.Second); v.MustGet("a").Reveal() != "after"; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the change is not taken up")
		}
	}
	cancel()
	<-ended
}
