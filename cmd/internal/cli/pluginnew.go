package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/plugins/scaffold"
)

func (a *app) pluginNewCommand() *cobra.Command {
	var o scaffold.Options
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write the module of a new plugin",
		Long: `Write the Go module of a new plugin into the directory NAME: a main that builds at
once, a test that runs the conformance suite against it, and a README.

A plugin for a flask-vault that is not a release needs a checkout of it to build
with: --checkout, or the one that the working directory lies in.`,
		Example: "  " + a.name + " plugin new shop\n  " + a.name + " plugin new shop --dir ../flask-vault-shop --checkout ~/src/flask-vault",
		Args:    exactly(1, "one NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Name = args[0]
			return a.pluginNew(o)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", "", "the directory to write to, in place of NAME")
	cmd.Flags().StringVar(&o.Source, "checkout", "", "a checkout of flask-vault to build with")
	return cmd
}

func (a *app) pluginNew(o scaffold.Options) error {
	o.Dir = cmp.Or(o.Dir, o.Name)
	if info, ok := debug.ReadBuildInfo(); ok && o.Source == "" && strings.HasPrefix(info.Main.Version, "v") && !strings.Contains(info.Main.Version, "-") {
		o.Version = info.Main.Version
	}
	if o.Version == "" {
		var err error
		if o.Source, err = checkout(o.Source); err != nil {
			return err
		}
	}
	files, err := scaffold.Write(o)
	if err != nil {
		return err
	}
	for _, f := range files {
		a.note("%s is written", oneLine(f))
	}
	a.note("next: cd %s && go test ./... && go build -o flask-vault-%s . && %s plugin install ./flask-vault-%s", quote(o.Dir), o.Name, a.name, o.Name)
	return nil
}

// checkout is the absolute path of the checkout of this module that was named,
// or that the working directory lies in.
func checkout(named string) (string, error) {
	dir, err := filepath.Abs(named)
	if err != nil {
		return "", err
	}
	for d := dir; ; d = filepath.Dir(d) {
		text, err := durable.ReadFile(filepath.Join(d, "go.mod"), maxGitFile)
		if err == nil && strings.HasPrefix(string(text), "module github.com/flask-vault/flask-vault\n") {
			return d, nil
		}
		if named != "" || d == filepath.Dir(d) {
			return "", &usageError{msg: fmt.Sprintf("%s is not in a checkout of flask-vault, and this flask-vault is not a release", dir), hint: "name one with --checkout"}
		}
	}
}
