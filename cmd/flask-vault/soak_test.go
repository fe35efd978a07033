//go:build soak && linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
)

// TestSoak has 6 writers change one vault in random order, each with processes of
// its own, and compares with a model all the time. SOAK says for how long, as
// 30m. Each writer has keys of its own, so that it knows what they have to be;
// one of them changes the master key now and then, for all.
func TestSoak(t *testing.T) {
	length := 30 * time.Second
	if text := os.Getenv("SOAK"); text != "" {
		var err error
		length, err = time.ParseDuration(text)
		must(t, err)
	}
	w := newWorld(t, t.TempDir())
	w.give("plugin.sh", soakPlugin)
	must(t, os.Chmod(filepath.Join(w.given, "plugin.sh"), 0o755)) //nolint:gosec // a program
	w.mustFlask("", "init", "-q")
	w.mustFlask("", "plugin", "install", filepath.Join(w.given, "plugin.sh"), "--name", "soak")
	s := &soak{t: t, w: w, counts: map[string]int{}}

	files, goroutines := openFiles(t), runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var all sync.WaitGroup
	models := make([]*model, 6)
	for n := range models {
		m := &model{soak: s, n: n, values: map[string][]string{}}
		models[n] = m
		all.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				m.step(ctx)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}

	want := map[string]bool{}
	for _, m := range models {
		for name := range m.values {
			m.read(name)
			if m.values[name][0] != "" {
				want[name] = true
			}
		}
	}
	for _, name := range strings.Fields(w.mustFlask("", "list")) {
		if !want[name] {
			t.Errorf("%s is in the vault and not in the model", name)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is in the model and not in the vault", name)
	}
	left := w.leftovers()
	report := w.flask("", "doctor").stdout
	for _, path := range left {
		if !strings.Contains(report, filepath.Base(path)) {
			t.Errorf("doctor does not find %s", path)
		}
	}
	w.flask("", "doctor", "--fix")
	if still := w.leftovers(); len(still) > 0 {
		t.Errorf("files are left: %q", still)
	}
	if p := processesIn(w.root); len(p) > 0 {
		t.Errorf("processes are left: %q", p)
	}
	runtime.GC()
	if now := openFiles(t); now > files {
		t.Errorf("%d files are open, %d were", now, files)
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(end) {
			t.Errorf("%d goroutines, there were %d", runtime.NumGoroutine(), goroutines)
			break
		}
	}
	total := 0
	for _, n := range s.counts {
		total += n
	}
	t.Logf("%v, %d operations: %v; %d leftovers of kills, all found and removed; %d secrets at the end, all as in the model",
		length, total, s.counts, len(left), len(strings.Fields(w.mustFlask("", "list"))))
}

// soakPlugin is a key source of its own, which no vault uses.
const soakPlugin = `#!/bin/sh
read -r request
case $request in
*'"op":"describe"'*) echo '{"description":{"name":"soak","version":"1.0","operations":["load"]}}' ;;
*) echo '{"key":"MDEyMzQ1Njc4OWFiY2RlZg=="}' ;;
esac
`

type soak struct {
	t *testing.T
	w *world
	sync.Mutex
	counts map[string]int
}

func (s *soak) count(what string) {
	s.Lock()
	defer s.Unlock()
	s.counts[what]++
}

// model is what one writer knows of its keys: the values that a key can have, ""
// for none. It is one value but after a kill, until the next reading.
type model struct {
	*soak
	n      int
	serial int
	values map[string][]string
}

// step does one operation, and one in six is killed on the way.
func (m *model) step(ctx context.Context) {
	m.serial++
	name := fmt.Sprintf("w%d-%d", m.n, rand.IntN(20))
	value := fmt.Sprintf("value-%d-%d", m.n, m.serial)
	now, known := m.values[name]
	if !known {
		now = []string{""}
	}
	kill := rand.IntN(6) == 0
	switch dice := rand.IntN(100); {
	case dice < 35:
		m.change("set", name, now, value, kill, value, nil, "set", name, "-")
	case dice < 45:
		if len(now) == 1 && now[0] == "" {
			return // there is nothing to take away
		}
		m.change("unset", name, now, "", kill, "", nil, "unset", name)
	case dice < 60:
		editor := m.w.at(fmt.Sprintf("home/edit%d", m.n))
		// Read by a shell and not run: a process that another writer is starting may hold it open yet.
		script := fmt.Sprintf("grep -v '^%[1]s:' \"$1\" >\"$1.new\"\necho '%[1]s: %[2]s' >>\"$1.new\"\ncat \"$1.new\" >\"$1\"\n", name, value)
		must(m.t, os.WriteFile(editor, []byte(script), 0o600))
		m.change("edit", name, now, value, kill, "", []string{"EDITOR=sh " + editor}, "edit", "-q")
		m.dropDrafts()
	case dice < 62:
		m.rekey(ctx, kill)
	case dice < 80:
		m.count("get")
		m.read(name)
	case dice < 88:
		m.library(name)
	case dice < 94:
		m.count("plugin")
		if r := m.w.flask("", "key", "id", "--keysource", "soak"); r.code != 0 || strings.TrimSpace(r.stdout) != "a23c29c5" {
			m.t.Errorf("the plugin's key is %q: exit code %d\n%s", r.stdout, r.code, r.stderr)
		}
	default:
		m.count("exec")
		if r := m.w.flask("", "exec", "--", "true"); r.code != 0 {
			m.t.Errorf("exec: %d\n%s", r.code, r.stderr)
		}
	}
}

// change runs a command that gives a key a value, and learns from its end what
// the key can be.
func (m *model) change(what, name string, now []string, value string, kill bool, stdin string, env []string, args ...string) {
	m.count(what)
	code, stderr := m.run(kill, stdin, env, args...)
	switch {
	case code == 0:
		m.values[name] = []string{value}
	case code < 0: // killed
		m.count("kills")
		m.values[name] = append(now, value)
		m.read(name)
	case code == 8: // somebody else saved, or is at it: not ours
		m.count("conflicts")
	case what == "unset" && code == 3 && len(now) > 1:
		m.values[name] = []string{""}
	default:
		m.t.Errorf("%s %s: exit code %d\n%s", what, name, code, stderr)
	}
}

// run runs the program; it is killed after a random time if kill says so. The
// code is -1 then, unless it was faster.
func (m *model) run(kill bool, stdin string, env []string, args ...string) (int, string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if kill {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(250))*time.Millisecond)
		defer cancel()
	}
	cmd, _, errs := m.w.start(ctx, stdin, env, static(m.t), args...)
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case kill && ctx.Err() != nil:
		return -1, ""
	case err != nil && !errors.As(err, &exit):
		m.t.Errorf("%q: %v", args, err)
	}
	return cmd.ProcessState.ExitCode(), errs.String()
}

// read compares a key with what it can be, and knows it afterwards.
func (m *model) read(name string) {
	r := m.w.flask("", "get", name)
	got := strings.TrimSpace(r.stdout)
	if r.code != 0 && r.code != 3 {
		m.t.Errorf("get %s: exit code %d\n%s", name, r.code, r.stderr)
		return
	}
	m.judge(name, got)
}

func (m *model) judge(name, got string) {
	can, known := m.values[name]
	if !known {
		can = []string{""}
	}
	for _, v := range can {
		if v == got {
			m.values[name] = []string{got}
			return
		}
	}
	m.t.Errorf("%s is %q, and can be %q", name, got, can)
}

// library reads with the package, in this process.
func (m *model) library(name string) {
	m.count("library")
	c, err := config.Resolve(config.Overrides{Dir: m.w.vault()})
	var v *backend.Vault
	for range 1000 { // a rekey of somebody else may be under way between key and document
		if err != nil {
			break
		}
		if v, err = c.Open(m.t.Context()); !errors.Is(err, backend.ErrAuth) {
			break
		}
		err = nil
		runtime.Gosched()
	}
	if err != nil || v == nil {
		m.t.Errorf("library: %v", err)
		return
	}
	secret, err := v.Get(name)
	if err != nil {
		m.judge(name, "")
		return
	}
	m.judge(name, secret.Reveal())
}

// rekey changes the master key.
func (m *model) rekey(_ context.Context, kill bool) {
	m.count("rekey")
	switch code, stderr := m.run(kill, "", nil, "rekey"); {
	case code < 0:
		m.count("kills")
	case code == 8:
		m.count("conflicts")
	case code != 0:
		m.t.Errorf("rekey: exit code %d\n%s", code, stderr)
	}
}

// dropDrafts throws the texts away that edit kept after a conflict.
func (m *model) dropDrafts() {
	drafts, _ := filepath.Glob(m.w.in("*.draft*"))
	for _, d := range drafts {
		_ = os.Remove(d)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}

// processesIn are the processes whose working directory is below dir.
func processesIn(dir string) []string {
	var found []string
	all, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, cwd := range all {
		if target, err := os.Readlink(cwd); err == nil && strings.HasPrefix(target, dir) && filepath.Dir(cwd) != fmt.Sprintf("/proc/%d", syscall.Getpid()) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(cwd), "cmdline"))
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
