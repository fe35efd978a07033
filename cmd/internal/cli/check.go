package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/format"
)

func (a *app) checkCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check that every environment is complete and opens",
		Long: `Check every environment: that it opens with its key, that it parses, that it has
every name in required: (or, without that, every name that another environment
has), that no value is empty, and that no plaintext lies beside an encrypted
file. What is wrong is printed as a table, and the exit code is 7.

A name that a document has more than once is shown as a warning, which leaves the
exit code at 0: the last one counts, as for Flask-Vault.

With --env one environment is checked.`,
		Example: "  " + a.name + " check\n  " + a.name + " check --env production --json",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.check(cmd.Context(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// problem is one line of what check finds. It holds names, never values.
type problem struct {
	Environment string `json:"environment"`
	Problem     string `json:"problem"`
	What        string `json:"what"`
	Lines       []int  `json:"lines,omitempty"` // of a name that is there more than once
}

func (a *app) check(ctx context.Context, asJSON bool) error {
	c, err := a.resolve()
	if err != nil {
		return err
	}
	if c.File == "" && !fileExists(c.Path()) {
		return fmt.Errorf("%s: %w", c.Display(c.Path()), backend.ErrNoVault) // nothing to check, and no place to look below
	}
	only := ""
	if c.Origin["environment"] != "default" {
		only = c.Environment
	}
	problems, warnings, err := checkAll(ctx, c.Config, only)
	if err != nil {
		return err
	}
	teams, err := a.checkTeams(ctx, c.Config, only)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err // what was not checked to the end is no problem
	}
	problems = append(problems, teams...)
	if asJSON {
		err = a.printJSON(struct {
			SchemaVersion int       `json:"schema_version"`
			OK            bool      `json:"ok"`
			Problems      []problem `json:"problems"`
			Warnings      []problem `json:"warnings"`
		}{schemaVersion, len(problems) == 0, problems, warnings})
	} else {
		err = a.print(problemTable(append(problems, warnings...)))
	}
	if err != nil {
		return err
	}
	switch n := len(problems); n {
	case 0:
		a.note("all is well%s", map[bool]string{true: " beside the warnings"}[len(warnings) > 0])
		return nil
	case 1:
		return &codeError{errors.New("the check found a problem"), exitInvalid}
	default:
		return &codeError{fmt.Errorf("the check found %d problems", n), exitInvalid}
	}
}

func problemTable(problems []problem) []byte {
	if len(problems) == 0 {
		return nil
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ENVIRONMENT\tPROBLEM\tWHAT")
	for _, p := range problems {
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.Environment, p.Problem, oneLine(p.What)+onLines(p.Lines))
	}
	_ = w.Flush()
	return []byte(b.String())
}

// inOneLine is the text of an error for a table.
func inOneLine(err error) string {
	head, rest, _ := strings.Cut(sentence(err), "\n  ")
	if rest == "" {
		return head
	}
	return head + " (" + strings.ReplaceAll(rest, "\n  ", "; ") + ")"
}

// onLines says where a name is that is there more than once.
func onLines(lines []int) string {
	if len(lines) == 0 {
		return ""
	}
	words := make([]string, len(lines))
	for i, n := range lines {
		words[i] = strconv.Itoa(n)
	}
	last := len(words) - 1
	return fmt.Sprintf(" (lines %s and %s; the last counts)", strings.Join(words[:last], ", "), words[last])
}

// checked is an environment that check has opened.
type checked struct {
	*config.Config
	names  []string
	layers backend.Layers
}

func checkAll(ctx context.Context, c *config.Config, only string) (problems, warnings []problem, err error) {
	problems, warnings = []problem{}, []problem{}
	var opened []checked
	for _, name := range c.Environments {
		env, err := c.In(name)
		if err != nil {
			return nil, nil, err
		}
		if name == config.DefaultEnvironment && len(c.Environments) > 1 && !env.Remote() && !fileExists(env.Path()) {
			continue // a vault may consist of named environments alone
		}
		layers, err := env.OpenLayers(ctx)
		var names []string
		if err == nil {
			names, err = layers.Names()
		}
		if err != nil {
			if only == "" || only == name {
				problems = append(problems, problem{Environment: name, Problem: "does not open", What: inOneLine(err)})
			}
			continue
		}
		opened = append(opened, checked{env, names, layers})
	}
	for _, e := range opened {
		if only == "" || only == e.Environment {
			problems = append(problems, e.problems(opened)...)
			warnings = append(warnings, e.repeats()...)
		}
	}
	return append(problems, twins(c)...), warnings, nil
}

func (e *checked) problems(all []checked) []problem {
	var problems []problem
	want := e.Required
	if len(want) == 0 {
		seen := map[string]bool{}
		for _, other := range all {
			for _, n := range other.names {
				if !seen[n] {
					seen[n] = true
					want = append(want, n)
				}
			}
		}
	}
	for _, n := range want {
		if _, err := e.layers.Get(n); err != nil {
			problems = append(problems, problem{Environment: e.Environment, Problem: "missing", What: n})
		}
	}
	for _, n := range e.names {
		if s, err := e.layers.Get(n); err == nil && strings.TrimSpace(s.Reveal()) == "" {
			problems = append(problems, problem{Environment: e.Environment, Problem: "empty", What: n})
		}
	}
	return problems
}

// checkTeams finds lists of members that are not what "team" made them.
func (a *app) checkTeams(ctx context.Context, c *config.Config, only string) ([]problem, error) {
	var problems []problem
	for _, name := range c.Environments {
		if only != "" && only != name {
			continue
		}
		env, err := c.In(name)
		if err != nil {
			return nil, err
		}
		if !fileExists(env.Path()) {
			continue
		}
		_, found := a.examineTeam(ctx, env)
		for _, p := range found {
			problems = append(problems, problem{Environment: name, Problem: "team", What: p})
		}
	}
	return problems, nil
}

// repeats finds the names that the environment's own document, or its local file,
// has more than once.
func (e *checked) repeats() []problem {
	var warnings []problem
	for _, v := range e.layers {
		if v.Name() != e.DisplayCredentials() && v.Name() != e.Display(e.LocalPath()) {
			continue // a base, which is an environment that is checked itself
		}
		doc, err := v.Document()
		if err != nil {
			continue // it did parse a moment ago
		}
		if r, ok := doc.(format.Repeater); ok {
			for _, name := range r.Repeats() {
				warnings = append(warnings, problem{e.Environment, "warning: repeated", name.Path, name.Lines})
			}
		}
	}
	return warnings
}

// twins finds plaintext that lies beside an encrypted file.
func twins(c *config.Config) []problem {
	var problems []problem
	_ = walkEncrypted(c.Root, func(path string) {
		if plain := strings.TrimSuffix(path, ".enc"); fileExists(plain) {
			rel, err := filepath.Rel(c.Root, plain)
			if err != nil {
				rel = plain
			}
			problems = append(problems, problem{Problem: "plaintext", What: rel})
		}
	})
	return problems
}

// walkEncrypted visits every *.enc below a directory, links to files too, but not what
// git and package managers keep there. It returns the directories that cannot be read.
func walkEncrypted(root string, visit func(path string)) (unread []string) {
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) { // it is gone since it was listed
				unread = append(unread, path)
			}
			return nil
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == ".venv") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(d.Name(), ".enc") {
			return nil
		}
		regular := d.Type().IsRegular()
		if d.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			regular = err == nil && info.Mode().IsRegular()
		}
		if regular {
			visit(path)
		}
		return nil
	})
	return unread
}

// sameFile reports whether two paths lead to one file that is there.
func sameFile(a, b string) bool {
	x, xerr := os.Stat(a)
	y, yerr := os.Stat(b)
	return xerr == nil && yerr == nil && os.SameFile(x, y)
}

func fileExists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
