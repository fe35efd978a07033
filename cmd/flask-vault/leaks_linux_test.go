package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
)

// TestNoCommandLeaks goes through a day's commands, those that fail too, with
// secrets that are easy to find. After each it searches what was printed, all files
// of the work tree, HOME, TMPDIR and XDG_RUNTIME_DIR, and the arguments and
// environments of all processes that it started; at the end also git's objects.
// TestRealEditorsLeakNothing and edit-signals.txtar search after real editors.
func TestNoCommandLeaks(t *testing.T) {
	d := newLeakyDay(t, findStrace(t))
	d.run("", 0, "init", "-q")
	d.learnKey("master.key")
	d.run("canary-plain-4711", 0, "set", "db.password", "-")
	d.run("canary-second-4712", 0, "set", "api.token", "-")
	d.run("canary: [unclosed-4713", 7, "import", "-", "--format", "yaml")
	d.write("notes.txt", "canary-file-4714\n")
	d.run("", 0, "encrypt", "notes.txt")
	d.remove("notes.txt")
	d.run("", 3, "encrypt", "notes.txt")
	d.prints = true
	d.run("", 0, "get", "db.password")
	d.run("", 0, "show")
	d.run("", 0, "decrypt", "notes.txt.enc")
	d.run("", 0, "export", "--format", "json")
	d.prints = false
	d.run("", 3, "get", "db.passwort")
	d.run("", 0, "list")
	d.run("", 0, "check")
	d.run("", 0, "doctor")
	d.run("", 0, "exec", "--only", "api.token", "--", "true")
	d.run("", 3, "exec", "--only", "no.such", "--", "true")
	d.run("", 2, "exec", "--only", "api.token", "--nonsense", "--", "true")
	editor := filepath.Join(t.TempDir(), "editor") // what it writes is in no argument
	d.env = append(d.env, "EDITOR="+editor)
	for _, e := range []struct {
		script string
		code   int
	}{{"sed -i s/4711/4715/ \"$1\"", 0}, {"false", 9}, {"echo 'a: [canary-draft-4716' >\"$1\"", 7}, {"kill -9 $$", 9}} {
		if err := os.WriteFile(editor, []byte("#!/bin/sh\n"+e.script+"\n"), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
		d.run("", e.code, "edit", "-q")
	}
	d.git("add", "-A")
	d.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x")
	d.run("", 0, "rekey", "-q")
	d.learnKey("master.key")
	d.run("", 0, "diff", "HEAD")
	for _, bad := range []string{"credentials.yml.enc", "notes.txt.enc"} {
		text := d.read(bad)
		text[len(text)/2] ^= 1
		d.write(bad, string(text))
	}
	d.run("", 6, "get", "db.password")
	d.run("", 6, "set", "db.password", "-")
	d.run("", 6, "decrypt", "notes.txt.enc")
	d.run("", 6, "decrypt", "notes.txt.enc", "-o", "out.txt")
	key := d.read("master.key")
	d.write("master.key", string(key[:20]))
	d.run("", 4, "get", "db.password")
	d.run("", 4, "rekey")
	d.remove("master.key")
	d.env = append(d.env, "FLASK_VAULT_MASTER_KEY="+strings.TrimSpace(string(key))+"x")
	d.run("", 4, "get", "db.password")
	d.objects()
	t.Logf("%d commands, %d files read, %d processes, for %d forms of secrets", d.commands, d.files, d.processes, len(d.canaries))
	if d.commands < 30 || d.files < 100 || d.processes < d.commands {
		t.Error("too little was searched")
	}
}

// leakyDay is a work tree and what must not be found around it.
type leakyDay struct {
	t        *testing.T
	strace   string
	program  string
	top, dir string
	env      []string
	canaries map[string]string // text to search: what it is
	prints   bool              // the next commands are to print secrets
	own      []string          // names of files that the test itself keeps a secret in
	handed   []string          // variables that processes of ours may have from the user

	commands, files, processes int
}

func newLeakyDay(t *testing.T, strace string) *leakyDay {
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	d := &leakyDay{t: t, strace: strace, program: path, top: t.TempDir(), own: []string{"notes.txt"}, canaries: map[string]string{}}
	d.dir = filepath.Join(d.top, "work")
	for _, name := range []string{"work", "home", "tmp", "run"} {
		if err := os.Mkdir(filepath.Join(d.top, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, entry := range environment(t) {
		if !strings.HasPrefix(entry, "EDITOR=") && !strings.HasPrefix(entry, "VISUAL=") {
			d.env = append(d.env, entry)
		}
	}
	d.env = append(d.env, "HOME="+filepath.Join(d.top, "home"), "TMPDIR="+filepath.Join(d.top, "tmp"), "XDG_RUNTIME_DIR="+filepath.Join(d.top, "run"))
	for i := 4711; i <= 4716; i++ {
		d.add(fmt.Sprint(i), "a value")
	}
	for _, value := range []string{"canary-plain", "canary-second", "canary-file", "canary-draft"} {
		d.add(value, "a value")
	}
	d.git("init", "-q")
	return d
}

// add searches for a text, and for it in hexadecimal digits and base64 at the
// three places where it can start.
func (d *leakyDay) add(text, what string) {
	if len(text) > 4 { // 4711 alone may be in any process id
		d.canaries[text] = what
		d.canaries[hex.EncodeToString([]byte(text))] = what + " in hexadecimal digits"
		for skip := range 3 {
			coded := base64.StdEncoding.EncodeToString(append(make([]byte, skip), text...))
			d.canaries[coded[4:len(coded)-4]] = what + " in base64"
		}
	} else {
		d.canaries["-"+text] = what
	}
}

func (d *leakyDay) learnKey(name string) {
	text := strings.TrimSpace(string(d.read(name)))
	k, err := keysource.ParseKey([]byte(text))
	if err != nil {
		d.t.Fatal(err)
	}
	d.canaries[text[:20]] = "a key"
	d.canaries[string(k.Bytes())] = "a key's bytes"
	d.canaries[hex.EncodeToString(k.Bytes())] = "a key in hexadecimal digits"
}

func (d *leakyDay) run(stdin string, code int, args ...string) {
	d.t.Helper()
	d.commands++
	log := filepath.Join(d.t.TempDir(), "strace")
	cmd := exec.CommandContext(d.t.Context(), d.strace, append([]string{"-f", "-v", "-s", "100000", "-e", "trace=execve", "-e", "signal=none", "-o", log, d.program}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = d.dir, d.env, strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != code && !(code < 0 && got > 0) { // of some failures any
		d.t.Errorf("%q: exit code %d, want %d: %s%s", args, got, code, &errs, &out)
	}
	if !d.prints {
		d.search(fmt.Sprintf("standard output of %q", args), out.Bytes())
	}
	d.search(fmt.Sprintf("standard error of %q", args), errs.Bytes())
	text, err := os.ReadFile(log)
	if err != nil {
		d.t.Fatal(err)
	}
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !bytes.Contains(line, []byte("execve(")) || !bytes.HasSuffix(bytes.TrimSpace(line), []byte("= 0")) {
			continue
		}
		d.processes++
		switch {
		case i == 0: // what the caller gave us
			line, _, _ = bytes.Cut(line, []byte("], ["))
		case bytes.Contains(line, []byte(`/true"`)): // what exec runs may have the value that --only names
			line = bytes.ReplaceAll(line, []byte("API_TOKEN=canary-second-4712"), nil)
		}
		for _, entry := range d.handed {
			line = bytes.ReplaceAll(line, []byte(strconv.Quote(entry)), nil)
		}
		d.search(fmt.Sprintf("a process of %q", args), line)
	}
	d.searchFiles(fmt.Sprint(args))
}

func (d *leakyDay) search(where string, text []byte) {
	d.t.Helper()
	for canary, what := range d.canaries {
		if bytes.Contains(text, []byte(canary)) {
			d.t.Errorf("%s holds %s (%q)", where, what, canary)
		}
	}
}

func (d *leakyDay) searchFiles(after string) {
	d.t.Helper()
	err := filepath.WalkDir(d.top, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		d.files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if e.Name() == "master.key" || slices.Contains(d.own, e.Name()) { // its place
			return nil
		}
		d.search("after "+after+" "+path, text)
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// objects searches everything that git has.
func (d *leakyDay) objects() {
	d.t.Helper()
	out := d.git("cat-file", "--batch-all-objects", "--batch", "--unordered")
	if len(out) == 0 {
		d.t.Error("git has no objects")
	}
	d.search("git's objects", out)
}

func (d *leakyDay) git(args ...string) []byte {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), "git", args...)
	cmd.Dir, cmd.Env = d.dir, d.env
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("git %q: %v", args, err)
	}
	return out
}

func (d *leakyDay) read(name string) []byte {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

func (d *leakyDay) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *leakyDay) remove(name string) {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.dir, name)); err != nil {
		d.t.Fatal(err)
	}
}
