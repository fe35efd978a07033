package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flask-vault/flask-vault/cmd/internal/cli"
)

// TestEveryOptionHasAScript walks the command tree and looks in testdata/script for a
// line that runs each command, and for one that runs it with each of its flags. A
// flag of every command is looked for with any of them.
func TestEveryOptionHasAScript(t *testing.T) {
	lines := scriptLines(t)
	root := cli.Commands()
	root.InitDefaultHelpCmd()
	var missing []string
	visit(root, func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		mine := slices.DeleteFunc(slices.Clone(lines), func(words []string) bool { return !runs(words, path) })
		if len(mine) == 0 {
			missing = append(missing, cmd.CommandPath())
		}
		cmd.InitDefaultHelpFlag()
		flags := cmd.LocalFlags()
		if cmd == root {
			mine = lines
		}
		flags.VisitAll(func(f *pflag.Flag) {
			if !slices.ContainsFunc(mine, func(words []string) bool { return has(words, f) }) && f.Name != "help" {
				missing = append(missing, cmd.CommandPath()+" --"+f.Name)
			}
		})
	})
	if len(missing) > 0 {
		t.Errorf("no script runs:\n%s", strings.Join(missing, "\n"))
	}
}

func visit(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, c := range cmd.Commands() {
		visit(c, f)
	}
}

// runsProgram is where a line of a script, or of a shell within it, runs us.
var runsProgram = regexp.MustCompile(`\bflask(?:-vault| vault)\s+(.*)`)

// scriptLines are the words behind the program's name, of each line that runs it.
func scriptLines(t *testing.T) [][]string {
	t.Helper()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	var lines [][]string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if first, _, _ := strings.Cut(line, " "); first == "stdout" || first == "stderr" || strings.HasPrefix(first, "#") || first == "hint:" {
				continue
			}
			for rest := line; ; {
				m := runsProgram.FindStringSubmatch(rest)
				if m == nil {
					break
				}
				rest = m[1]
				lines = append(lines, strings.Fields(strings.Map(unquoted, m[1])))
			}
		}
	}
	return lines
}

// unquoted drops what a shell or a script would drop.
func unquoted(r rune) rune {
	if strings.ContainsRune(`'"()`+"`", r) {
		return -1
	}
	return r
}

// runs says whether words run the command at a path; flags may stand before it.
func runs(words, path []string) bool {
	for _, name := range path {
		at := slices.Index(words, name)
		if at < 0 || at > 0 && !strings.HasPrefix(words[0], "-") {
			return false
		}
		words = words[at+1:]
	}
	return true
}

// has says whether a flag is among the words, by either of its names.
func has(words []string, f *pflag.Flag) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		name, _, _ := strings.Cut(w, "=")
		return name == "--"+f.Name || f.Shorthand != "" && name == "-"+f.Shorthand
	})
}
