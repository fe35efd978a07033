package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/flask-vault/flask-vault/cmd/internal/cli"
)

func generated(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := generate(dir, time.Unix(1_700_000_000, 0).UTC()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestEveryCommandHasAPage also looks for each of its flags there, as they are typed.
func TestEveryCommandHasAPage(t *testing.T) {
	dir := filepath.Join(generated(t), "man", "man1")
	root := cli.Commands()
	root.InitDefaultHelpCmd()
	want := map[string]bool{}
	for _, cmd := range commands(root) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		want[name] = true
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		cmd.Flags().AddFlagSet(cmd.InheritedFlags())
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if flag := []byte(`\fB\-\-` + strings.ReplaceAll(f.Name, "-", `\-`) + `\fP`); !bytes.Contains(page, flag) {
				t.Errorf("%s has no %s", name, flag)
			}
		})
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != len(want) || len(want) < 30 {
		t.Errorf("%d pages for %d commands, %v", len(files), len(want), err)
	}
}

// TestPagesHaveNoWarnings asks mandoc, which knows every request of roff.
func TestPagesHaveNoWarnings(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		if os.Getenv("FLASK_VAULT_INTEROP") != "" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: mandoc is not installed")
	}
	pages, err := filepath.Glob(filepath.Join(generated(t), "man", "man1", "*.1"))
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	if out, err := exec.Command(mandoc, append([]string{"-T", "lint", "-W", "warning"}, pages...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
	// What people see of text that Markdown would take for its own.
	text, err := exec.Command(mandoc, "-T", "ascii", "-O", "width=200", pages[slices.IndexFunc(pages, func(p string) bool { return strings.HasSuffix(p, "-init.1") })]).Output()
	if err != nil || !bytes.Contains(text, []byte(`.gitattributes gets "*.enc -text"`)) {
		t.Errorf("the page of init: %v\n%s", err, text)
	}
}

func TestCompletionsAreForEveryShell(t *testing.T) {
	dir := filepath.Join(generated(t), "completions")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != len(cli.CompletionScripts()) || len(files) != 4 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || !bytes.Contains(text, []byte("__complete")) {
			t.Errorf("%s does not ask the program: %v", f.Name(), err)
		}
	}
	if bash, err := exec.LookPath("bash"); err == nil {
		if out, err := exec.Command(bash, "-n", filepath.Join(dir, "flask-vault.bash")).CombinedOutput(); err != nil {
			t.Errorf("bash: %v\n%s", err, out)
		}
	}
}

func TestOutputCanBeRepeated(t *testing.T) {
	read := func(dir string) map[string]string {
		all := map[string]string{}
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			all[strings.TrimPrefix(path, dir)] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if !maps.Equal(read(generated(t)), read(generated(t))) {
		t.Error("two runs differ")
	}
}

func TestDate(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	if at, err := builtAt(); err != nil || at.Format(time.DateOnly) != "2023-11-14" {
		t.Error(at, err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if _, err := builtAt(); err == nil {
		t.Error("no error for a date that is none")
	}
}
