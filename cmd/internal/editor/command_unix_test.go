//go:build unix

package editor

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lister is an editor that leaves its own arguments, one a line.
const lister = "#!/bin/sh\nfor f in \"$@\"; do :; done\nprintf '%s\\n' \"$@\" >\"$f\"\n"

func writeProgram(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	plain := writeProgram(t, filepath.Join(dir, "ed"), lister)
	spaced := writeProgram(t, filepath.Join(dir, "My Editor", "ed it"), lister)
	writeProgram(t, filepath.Join(dir, "bin", "code"), lister)
	t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))

	for _, tc := range []struct {
		name, editor string
		want         []string // before the file
	}{
		{"one word", plain, nil},
		{"from the PATH with an option", "code --wait", []string{"--wait"}},
		{"white space around", "  code\t--wait \n", []string{"--wait"}},
		{"a path with spaces", spaced, nil},
		{"a quoted path with spaces and an option", `"` + spaced + `" -n`, []string{"-n"}},
		{"an escaped path with spaces", strings.ReplaceAll(spaced, " ", `\ `) + " -n", []string{"-n"}},
		{"quotes", plain + ` 'a  b' "c\"d$" e\ f ''`, []string{"a  b", `c"d$`, "e f", ""}},
		{"nothing is expanded", plain + ` $HOME ~ * $(id) ` + "`id`", []string{"$HOME", "~", "*", "$(id)", "`id`"}},
		{"no operators", plain + ` a;b && c | d > e`, []string{"a;b", "&&", "c", "|", "d", ">", "e"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tr := tryCommand(t, tc.editor, Options{Text: []byte("x")})
			if tr.err != nil {
				t.Fatal(tr.err)
			}
			got := strings.Split(strings.TrimSuffix(string(tr.res.Text), "\n"), "\n")
			file := got[len(got)-1]
			if filepath.Base(file) != "credentials.yml" || !filepath.IsAbs(file) {
				t.Errorf("the last argument is %q", file)
			}
			if !slices.Equal(got[:len(got)-1], tc.want) {
				t.Errorf("arguments %q, want %q", got[:len(got)-1], tc.want)
			}
		})
	}
}

func TestVisualComesFirst(t *testing.T) {
	env := map[string]string{"VISUAL": "true --visual", "EDITOR": "true --editor"}
	get := func(key string) string { return env[key] }
	for _, want := range []string{"--visual", "--editor"} {
		c, err := findCommand(get)
		if err != nil || c.words[1] != want {
			t.Errorf("%v, %v; want %s", c.words, err, want)
		}
		env["VISUAL"] = " " // blank counts as unset
	}
}

func TestWithoutAVariable(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	none := func(string) string { return "" }

	_, err := findCommand(none)
	var bad *CommandError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), "EDITOR=nano") {
		t.Errorf("error %v, want a *CommandError that says how to choose one", err)
	}
	for _, name := range []string{"notepad", "nano", "vi"} { // each is preferred to those before
		writeProgram(t, filepath.Join(dir, name), lister)
		c, err := findCommand(none)
		if err != nil || c.path != filepath.Join(dir, name) {
			t.Errorf("%q, %v; want %s", c.path, err, name)
		}
	}
}

func TestCommandThatCannotStart(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	writeProgram(t, filepath.Join(dir, "here"), lister)
	t.Setenv("PATH", "."+":"+os.Getenv("PATH"))
	file := filepath.Join(dir, "not executable")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, editor string
		want         error
	}{
		{"no shell", "x; touch pwn", exec.ErrNotFound},
		{"no shell either", "true$(touch pwn)", exec.ErrNotFound},
		{"missing", "no-such-editor-anywhere --wait", exec.ErrNotFound},
		{"missing path", "/no/such/editor", os.ErrNotExist},
		{"in the working directory", "here", exec.ErrDot},
		{"not executable", `"` + file + `"`, os.ErrPermission},
		{"a directory", dir, nil},
		{"unclosed quote", `vi "a`, nil},
		{"an empty word", `""`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tr := tryCommand(t, tc.editor, Options{Text: []byte("x")})
			var bad *CommandError
			if !errors.As(tr.err, &bad) || bad.Variable != "EDITOR" || bad.Command != tc.editor {
				t.Fatalf("error %v, want a *CommandError about EDITOR", tr.err)
			}
			if tc.want != nil && !errors.Is(tr.err, tc.want) {
				t.Errorf("error %v, want %v", tr.err, tc.want)
			}
			if exists("pwn") {
				t.Error("a shell ran")
			}
		})
	}
	t.Run("in the working directory, against GODEBUG", func(t *testing.T) {
		t.Setenv("GODEBUG", "execerrdot=0")
		if _, err := lookPath("here"); !errors.Is(err, exec.ErrDot) {
			t.Errorf("error %v, want ErrDot", err)
		}
	})
	t.Run("no program", func(t *testing.T) {
		text := writeProgram(t, filepath.Join(dir, "text"), "just text\n")
		o := Options{Text: []byte("x"), Env: append(os.Environ(), "VISUAL=", "EDITOR="+text)}
		memory := t.TempDir()
		_, err := run(context.Background(), o.withDefaults(), []string{memory})
		var bad *CommandError
		if !errors.As(err, &bad) {
			t.Errorf("error %v, want a *CommandError", err)
		}
		wantEmpty(t, memory)
	})
}

func TestFamilies(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"vim.basic", "nvim", "nano", "emacs-nox", "busybox", "nvi", "emacsclient", "gvim"} {
		writeProgram(t, filepath.Join(dir, "bin", name), "#!/bin/sh\n")
	}
	link := func(name, to string) string {
		t.Helper()
		path := filepath.Join(dir, "links-to-"+to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(dir, "bin", to), path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	minimal := writeProgram(t, filepath.Join(dir, "minimal", "vi"), "\x7fELF...\x00VIM - Vi IMproved 9.1\x00")
	for _, tc := range []struct {
		path     string
		family   family
		terminal bool
	}{
		{filepath.Join(dir, "bin", "vim.basic"), vim, true},
		{link("vi", "vim.basic"), vim, true},
		{link("view", "vim.basic"), vim, true},
		{link("editor", "vim.basic"), vim, true},
		{link("vim", "nvim"), vim, true},
		{minimal, vim, true},
		{writeProgram(t, filepath.Join(dir, "real", "vi"), "\x7fELF"), unknown, false},
		{writeProgram(t, filepath.Join(dir, "script", "vi"), "#!/bin/sh\n# VIM - Vi IMproved\n"), unknown, false},
		{link("vi", "busybox"), unknown, false},
		{link("vi", "nvi"), unknown, false},
		{filepath.Join(dir, "bin", "gvim"), gvim, false},
		{link("editor", "nano"), nano, true},
		{link("emacs", "emacs-nox"), emacs, true},
		{filepath.Join(dir, "bin", "emacsclient"), unknown, false},
		{"/no/such/file", unknown, false},
	} {
		if f, terminal := familyOf(tc.path); f != tc.family || terminal != tc.terminal {
			t.Errorf("%s: family %d, terminal %v; want %d, %v", tc.path, f, terminal, tc.family, tc.terminal)
		}
	}
}

func TestKnownEditorsGetTheirOptions(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct {
		name     string
		readOnly bool
		want     []string
	}{
		{"vim", false, []string{"own", "-n", "-i", "NONE", "--cmd", vimSettings, "-c", vimSettings, "-c", vimEvents}},
		{"nvim", true, []string{"own", "-R", "-n", "-i", "NONE", "--cmd", vimSettings, "-c", vimSettings, "-c", vimEvents}},
		{"gvim", false, []string{"own", "-f", "-n", "-i", "NONE", "--cmd", vimSettings, "-c", vimSettings, "-c", vimEvents}},
		{"nano", true, []string{"own", "-I", "-v"}},
		{"emacs", false, []string{"own", "--eval", emacsSettings}},
		{"other", false, []string{"own"}},
	} {
		c := newCommand(writeProgram(t, filepath.Join(dir, tc.name), lister), []string{tc.name, "own"})
		s := &session{dir: "/private", file: "/private/f.yml"}
		if got := c.arguments(s, tc.readOnly); !slices.Equal(got, append(tc.want, s.file)) {
			t.Errorf("%s: %q", tc.name, got)
		}
		kept := slices.Contains(c.environment([]string{"A=b"}, s), "TMPDIR=/private")
		if kept != (tc.name != "other") {
			t.Errorf("%s: temporary files in the private directory: %v", tc.name, kept)
		}
	}
}
