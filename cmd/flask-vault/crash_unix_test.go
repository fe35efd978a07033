//go:build unix

package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// crashes are places of the program where TestPanics has it panic while a secret is
// in its memory, with that secret: the file, a line in it, and what comes after it
// where CRASH names the place.
var crashes = []struct{ name, file, after, crash string }{
	{"parse", "format/yaml/yaml.go", "func (Format) Parse(text []byte) (format.Document, error) {\n", "panic(string(text))"},
	{"edited", "format/yaml/yaml.go", "func (Format) Parse(text []byte) (format.Document, error) {\n", `if strings.Contains(string(text), "second") { panic(string(text)) }`},
	{"finish", "backend/durable/durable.go", "func (f *File) finish(name func(*File) error) error {\n",
		`{ b := make([]byte, 4096); n, _ := f.ReadAt(b, 0); panic(fmt.Errorf("%s", b[:n])) }`},
	{"goroutine", "backend/content.go", "func (x *Content) CopyTo(ctx context.Context, w io.Writer) error {\n", "panic(x.whole)"},
	{"seal", "backend/cipher.go", "func (k *keys) appendSeal(dst, plaintext, associatedData []byte) ([]byte, error) {\n", "_ = plaintext[len(plaintext)+int(k.seals.Load()):][0]"},
}

// crashing builds the program with the crashes in it. The released one has none of
// them: they are laid over its source for this build alone.
func crashing(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	texts := map[string]string{}
	for _, c := range crashes {
		path := filepath.Join(root, filepath.FromSlash(c.file))
		if texts[path] == "" {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[path] = strings.Replace(string(text), "\nimport (\n", "\nimport (\n\t\"os\"\n", 1)
			if strings.Contains(string(text), "\t\"os\"\n") {
				texts[path] = string(text)
			}
			if c.file == "format/yaml/yaml.go" && !strings.Contains(string(text), "\t\"strings\"\n") {
				texts[path] = strings.Replace(texts[path], "\nimport (\n", "\nimport (\n\t\"strings\"\n", 1)
			}
		}
		before, rest, found := strings.Cut(texts[path], c.after)
		if !found {
			t.Fatalf("%s has no %q", c.file, c.after)
		}
		texts[path] = before + c.after + "if os.Getenv(\"CRASH\") == \"" + c.name + "\" { " + c.crash + " }\n" + rest
	}
	replace := map[string]string{}
	for path, text := range texts {
		laid := filepath.Join(dir, strings.ReplaceAll(filepath.ToSlash(strings.TrimPrefix(path, root)), "/", "_"))
		if err := os.WriteFile(laid, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[path] = laid
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "flask-vault")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// TestPanics: a mistake in the program while it has a secret ends with one sentence
// and exit code 1. Neither the value of the panic nor a stack is shown, and no
// temporary file, no plaintext and no lock is left.
func TestPanics(t *testing.T) {
	path := crashing(t)
	top := t.TempDir()
	dir := filepath.Join(top, "vault")
	for _, name := range []string{"vault", "home", "run", "tmp"} {
		if err := os.Mkdir(filepath.Join(top, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	editor := filepath.Join(top, "home", "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\necho 'second: canary-4711' >>\"$1\"\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	do := func(crash, stdin string, args ...string) (int, string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Dir = dir
		cmd.Env = append(environment(t), "HOME="+filepath.Join(top, "home"), "XDG_RUNTIME_DIR="+filepath.Join(top, "run"),
			"TMPDIR="+filepath.Join(top, "tmp"), "VISUAL=", "EDITOR="+editor, "GOTRACEBACK=all", "CRASH="+crash)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), string(out)
	}
	must := func(stdin string, args ...string) {
		t.Helper()
		if code, out := do("", stdin, args...); code != 0 {
			t.Fatalf("%q: exit code %d: %s", args, code, out)
		}
	}
	must("", "init", "-q")
	must("canary-4711", "set", "-q", "first", "-")
	must("canary-4711", "encrypt", "-", "-o", "notes.txt.enc")
	if err := os.WriteFile(filepath.Join(dir, "once.txt"), []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := func() map[string]string {
		t.Helper()
		all := map[string]string{}
		err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			all[strings.TrimPrefix(path, top)] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := files()
	said := regexp.MustCompile(`^flask-vault: stopped by a mistake in the program, at [\w./()*]+:\d+\nhint: [^\n]+\n$`)
	for _, c := range []struct {
		crash, stdin string
		args         []string
	}{
		{"parse", "", []string{"get", "first"}},
		{"parse", "", []string{"exec", "--", "true"}},
		{"edited", "", []string{"edit"}},
		{"finish", "canary-4711-more", []string{"set", "first", "-"}},
		{"finish", "", []string{"decrypt", "notes.txt.enc", "-o", "notes.txt"}},
		{"finish", "", []string{"decrypt", "notes.txt.enc", "--force", "-o", "once.txt"}},
		{"finish", "", []string{"key", "copy", "--to", "file:copied.key"}},
		{"goroutine", "", []string{"rekey"}},
		{"seal", "canary-4711-more", []string{"set", "first", "-"}},
		{"finish", "", []string{"rekey"}},
	} {
		code, out := do(c.crash, c.stdin, c.args...)
		if code != 1 || !said.MatchString(out) {
			t.Errorf("%s in %q: exit code %d, %s", c.crash, c.args, code, out)
		}
		for path, text := range files() {
			if before[path] != text && !strings.Contains(path, ".lock") {
				t.Errorf("%s in %q: %s is new or not what it was", c.crash, c.args, path)
			}
		}
		must("", "get", "first")
	}
}
