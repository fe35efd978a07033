package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/format"
)

func (a *app) diffCommand() *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff [ENV1 ENV2 | REV]",
		Short: "Compare two environments, or the vault with an earlier commit",
		Long: `Show which names were added (+), removed (-) or have another value (~): from the
commit REV (HEAD if none is named) to the vault as it is now, or from one
environment to another. Values are shown with --reveal alone.`,
		Example: "  " + a.name + " diff\n  " + a.name + " diff main~3\n  " + a.name + " diff default production",
		Args:    between(0, 2, "one REV, two environments or nothing"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.diff(cmd.Context(), args, o)
		},
	}
	cmd.Flags().BoolVar(&o.reveal, "reveal", false, "show the values too")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

type diffOptions struct{ reveal, json bool }

// change is one line of a diff.
type change struct {
	Name   string  `json:"name"`
	Change string  `json:"change"` // added, removed, changed
	Old    *string `json:"old,omitempty"`
	New    *string `json:"new,omitempty"`
}

// values is what a diff compares: names in order, and what each stands for.
type values interface {
	Names() ([]string, error)
	Get(path string) (backend.Secret, error)
}

func (a *app) diff(ctx context.Context, args []string, o diffOptions) error {
	from, to, err := a.sides(ctx, args)
	if err != nil {
		return err
	}
	changes, err := compare(from, to, o.reveal)
	if err != nil {
		return err
	}
	if o.json {
		return a.printJSON(struct {
			SchemaVersion int      `json:"schema_version"`
			Changes       []change `json:"changes"`
		}{schemaVersion, changes})
	}
	var b strings.Builder
	for _, c := range changes {
		writeChange(&b, c)
	}
	return a.print([]byte(b.String()))
}

func writeChange(b *strings.Builder, c change) {
	name := oneLine(c.Name)
	if c.Old == nil && c.New == nil {
		sign := map[string]string{"added": "+", "removed": "-", "changed": "~"}[c.Change]
		fmt.Fprintf(b, "%s %s\n", sign, name)
		return
	}
	if c.Old != nil {
		fmt.Fprintf(b, "- %s: %s\n", name, indented(*c.Old))
	}
	if c.New != nil {
		fmt.Fprintf(b, "+ %s: %s\n", name, indented(*c.New))
	}
}

// indented keeps the further lines of a value apart from the lines of the diff.
func indented(value string) string {
	return strings.ReplaceAll(sanitize(value), "\n", "\n    ")
}

// sides are the two things that the arguments name.
func (a *app) sides(ctx context.Context, args []string) (from, to values, err error) {
	if len(args) == 2 {
		var sides [2]backend.Layers
		_, err := a.steady(ctx, func(c *vault) error {
			for i, name := range args {
				env, err := c.In(name)
				if err != nil {
					return err
				}
				if sides[i], err = env.OpenLayers(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		return sides[0], sides[1], err
	}
	c, v, err := a.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	rev := "HEAD"
	if len(args) == 1 {
		rev = args[0]
	}
	if c.Remote() {
		return nil, nil, &usageError{msg: v.Name() + " is not in git, so there is no earlier commit of it", hint: a.name + " diff ENV1 ENV2 compares two environments"}
	}
	old, err := atRevision(ctx, c, v, rev)
	if err != nil && slices.Contains(c.Environments, rev) {
		err = &hintError{err, fmt.Sprintf("to compare two environments, name both: %s diff %s OTHER", a.name, rev)}
	} else if missing := (*notCommittedError)(nil); errors.As(err, &missing) && len(args) == 0 {
		err = &hintError{err, "diff compares with the last commit: git add " + quote(c.Display(c.Path())) + " and git commit make one"}
	}
	return old, v, err
}

// atRevision opens the credentials file as a commit has it.
func atRevision(ctx context.Context, c *vault, v *backend.Vault, rev string) (values, error) {
	if strings.HasPrefix(rev, "-") {
		return nil, &usageError{msg: fmt.Sprintf("%q is no revision", rev)}
	}
	// cat-file gives the bytes as they are, where show would run a diff driver.
	blob, err := runGit(ctx, c.Root, c.options, "cat-file", "blob", rev+":./"+filepath.ToSlash(c.Credentials))
	switch {
	case ctx.Err() != nil:
		return nil, err
	case errors.Is(err, exec.ErrNotFound):
		return nil, &codeError{errors.New("git is not installed, so there is no earlier commit to compare with"), exitNotFound}
	case err != nil:
		return nil, &codeError{&notCommittedError{fmt.Errorf("git does not have %s at %s: %w", c.Credentials, rev, err)}, exitNotFound}
	}
	text, err := v.Cipher.Open(blob, nil)
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", c.Credentials, rev, err)
	}
	doc, err := c.options.Format.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", c.Credentials, rev, err)
	}
	return document{doc}, nil
}

// notCommittedError says that a commit does not have the file.
type notCommittedError struct{ error }

func (e *notCommittedError) Unwrap() error { return e.error }

// document makes a parsed text comparable with a vault.
type document struct{ format.Document }

func (d document) Names() ([]string, error) { return d.Document.Names(), nil }

// compare lists what changed, in the order of the new side, then what is gone.
func compare(from, to values, reveal bool) ([]change, error) {
	oldNames, err := from.Names()
	if err != nil {
		return nil, err
	}
	newNames, err := to.Names()
	if err != nil {
		return nil, err
	}
	changes := []change{}
	show := func(s backend.Secret) *string {
		if !reveal {
			return nil
		}
		text := s.Reveal()
		return &text
	}
	have := map[string]bool{}
	for _, name := range newNames {
		have[name] = true
		now, err := to.Get(name)
		if err != nil {
			return nil, err
		}
		was, err := from.Get(name)
		switch {
		case errors.Is(err, format.ErrNotFound):
			changes = append(changes, change{Name: name, Change: "added", New: show(now)})
		case err != nil:
			return nil, err
		case !was.Equal(now):
			changes = append(changes, change{Name: name, Change: "changed", Old: show(was), New: show(now)})
		}
	}
	for _, name := range oldNames {
		if have[name] {
			continue
		}
		was, err := from.Get(name)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{Name: name, Change: "removed", Old: show(was)})
	}
	return changes, nil
}
