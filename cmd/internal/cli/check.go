package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
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
}

func (a *app) check(ctx context.Context, asJSON bool) error {
	c, err := a.resolve()
	if err != nil {
		return err
	}
	only := ""
	if c.Origin["environment"] != "default" {
		only = c.Environment
	}
	problems, err := checkAll(ctx, c.Config, only)
	if err != nil {
		return err
	}
	if asJSON {
		err = a.printJSON(struct {
			SchemaVersion int       `json:"schema_version"`
			OK            bool      `json:"ok"`
			Problems      []problem `json:"problems"`
		}{schemaVersion, len(problems) == 0, problems})
	} else {
		err = a.print(problemTable(problems))
	}
	if err != nil {
		return err
	}
	switch n := len(problems); n {
	case 0:
		a.note("all is well")
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
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.Environment, p.Problem, sanitize(p.What))
	}
	_ = w.Flush()
	return []byte(b.String())
}

// checked is an environment that check has opened.
type checked struct {
	*config.Config
	names  []string
	layers backend.Layers
}

func checkAll(ctx context.Context, c *config.Config, only string) ([]problem, error) {
	problems := []problem{}
	var opened []checked
	for _, name := range c.Environments {
		env, err := c.In(name)
		if err != nil {
			return nil, err
		}
		if name == config.DefaultEnvironment && len(c.Environments) > 1 && !fileExists(env.Path()) {
			continue // a vault may consist of named environments alone
		}
		layers, err := env.OpenLayers(ctx)
		var names []string
		if err == nil {
			names, err = layers.Names()
		}
		if err != nil {
			if only == "" || only == name {
				problems = append(problems, problem{name, "does not open", err.Error()})
			}
			continue
		}
		opened = append(opened, checked{env, names, layers})
	}
	for _, e := range opened {
		if only == "" || only == e.Environment {
			problems = append(problems, e.problems(opened)...)
		}
	}
	return append(problems, twins(c)...), nil
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
			problems = append(problems, problem{e.Environment, "missing", n})
		}
	}
	for _, n := range e.names {
		if s, err := e.layers.Get(n); err == nil && strings.TrimSpace(s.Reveal()) == "" {
			problems = append(problems, problem{e.Environment, "empty", n})
		}
	}
	return problems
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
			problems = append(problems, problem{"", "plaintext", rel})
		}
	})
	return problems
}

// walkEncrypted visits every *.enc below a directory, but not what git and
// package managers keep there.
func walkEncrypted(root string, visit func(path string)) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read is not ours
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == ".venv") {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() && strings.HasSuffix(d.Name(), ".enc") {
			visit(path)
		}
		return nil
	})
}

func fileExists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
