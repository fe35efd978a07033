package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/keysource"
)

func (a *app) keyCommand() *cobra.Command {
	return a.group("key", "Look at, make and copy master keys",
		a.keyIDCommand(), a.keyCheckCommand(), a.keyCopyCommand(), a.keyNewCommand(), a.keyShowCommand())
}

// findKey finds the environment's key and the source that has it. A rekey that was
// interrupted is left as it is: another source's key, which --keysource may name, says
// nothing of it, and a key is looked at and copied to get out of just that.
func (a *app) findKey(ctx context.Context) (*vault, keysource.Key, keysource.Source, error) {
	c, err := a.resolve()
	if err != nil {
		return nil, keysource.Key{}, nil, err
	}
	k, s, err := c.options.Keys.Find(ctx)
	return c, k, s, err
}

func (a *app) keyIDCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "id",
		Short:   "Print the id of the key: 8 hex digits that name it and tell nothing of it",
		Example: "  " + a.name + " key id",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, k, _, err := a.findKey(cmd.Context())
			if err != nil {
				return err
			}
			return a.print([]byte(k.ID() + "\n"))
		},
	}
}

func (a *app) keyShowCommand() *cobra.Command {
	var reveal bool
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "Print the key itself, with --reveal",
		Example: "  " + a.name + " key show --reveal",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !reveal {
				return &usageError{msg: "the key opens everything; say that you want to see it", hint: a.name + " key show --reveal"}
			}
			_, k, s, err := a.findKey(cmd.Context())
			if err != nil {
				return err
			}
			a.note("note: key %s from %s", k.ID(), oneLine(s.Name()))
			return a.print([]byte(k.Text() + "\n"))
		},
	}
	cmd.Flags().BoolVar(&reveal, "reveal", false, "print the key")
	return cmd
}

func (a *app) keyNewCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make a key where there is none",
		Long: `Make a key and keep it in the first key source that can, or in the one that
--to names. Where a key is already, none is made: rekey changes a vault's key.`,
		Example: "  " + a.name + " key new\n  " + a.name + " key new --to file:ci.key",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.keyNew(cmd.Context(), to)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the key source to keep it in, as for --keysource")
	_ = cmd.RegisterFlagCompletionFunc("to", a.completeSources)
	return cmd
}

func (a *app) keyNew(ctx context.Context, to string) error {
	c, err := a.resolve()
	if err != nil {
		return err
	}
	chain := c.options.Keys
	if to != "" {
		s, err := c.Source(to)
		if err != nil {
			return err
		}
		chain = keysource.Chain{s}
	} else if err := a.refuseStrayFiles(ctx, c); err != nil {
		return err
	}
	switch k, s, err := chain.Find(ctx); {
	case err == nil:
		return &codeError{&hintError{fmt.Errorf("%s has a key already (%s)", s.Name(), k.ID()), a.name + " rekey changes a vault's key"}, exitPolicy}
	case !errors.Is(err, keysource.ErrNoKey):
		return err
	}
	for _, s := range chain {
		saver, ok := s.(keysource.Saver)
		if !ok {
			continue
		}
		k := keysource.NewKey()
		if err := keysource.CreateVerified(ctx, saver, k); err != nil {
			return err
		}
		a.note("%s has a new key (%s)", oneLine(s.Name()), k.ID())
		a.warnOfGit(ctx, c, s)
		return nil
	}
	return cannotKeep(chain)
}

func cannotKeep(s keysource.Source) error {
	return &codeError{&hintError{fmt.Errorf("%s cannot keep a key", s.Name()), "--to file, or --to and the name of a plugin that can"}, exitPolicy}
}

func (a *app) keyCopyCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "copy --to SOURCE",
		Short: "Copy the key into another key source",
		Long: `Copy the key from the source that has it into another one, and read it back
from there. The first one keeps it. Another key in its place is not replaced.`,
		Example: "  " + a.name + " key copy --to keyring\n  " + a.name + " key copy --to file:/media/backup/master.key",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.keyCopy(cmd.Context(), to)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the key source to copy to, as for --keysource")
	_ = cmd.RegisterFlagCompletionFunc("to", a.completeSources)
	return cmd
}

func (a *app) keyCopy(ctx context.Context, to string) error {
	if to == "" {
		return &usageError{msg: "key copy needs to know where to", hint: a.name + " key copy --to keyring"}
	}
	c, k, from, err := a.findKey(ctx)
	if err != nil {
		return err
	}
	target, err := c.Source(to)
	if err != nil {
		return err
	}
	saver, ok := target.(keysource.Saver)
	if !ok {
		return cannotKeep(target)
	}
	switch there, err := target.Load(ctx); {
	case err == nil && !there.Equal(k):
		return &codeError{&hintError{
			fmt.Errorf("%s has another key already (%s); it is not replaced", target.Name(), there.ID()),
			fmt.Sprintf("if it is the key of before a rekey, take it away there and copy again; %s key check shows the key of each source", a.name),
		}, exitPolicy}
	case err != nil && !errors.Is(err, keysource.ErrNoKey):
		return &keysource.SourceError{Source: target.Name(), Err: err}
	}
	if err := keysource.SaveVerified(ctx, saver, k); err != nil {
		return err
	}
	a.note("the key %s from %s is in %s too", k.ID(), oneLine(from.Name()), oneLine(target.Name()))
	a.warnOfGit(ctx, c, target)
	return nil
}

func (a *app) keyCheckCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Ask every key source, and show what each answers",
		Long: `Ask every key source of the environment, in order, and show what each answers.
The first that has a key is the one that is used. The exit code is 0 if that
key opens the vault.`,
		Example: "  " + a.name + " key check\n  " + a.name + " key check --env production --json",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.keyCheck(cmd.Context(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// answer is what key check and doctor say of one source.
type answer struct {
	Source string `json:"source"`
	KeyID  string `json:"key_id,omitempty"`
	Used   bool   `json:"used"`
	Error  string `json:"error,omitempty"`
	failed bool   // the answer is neither a key nor that there is none
}

func askAll(ctx context.Context, chain keysource.Chain) []answer {
	answers := make([]answer, len(chain))
	used := false
	for i, s := range chain {
		answers[i].Source = s.Name()
		k, err := s.Load(ctx)
		if err != nil {
			answers[i].Error = err.Error()
			answers[i].failed = !errors.Is(err, keysource.ErrNoKey)
			used = used || answers[i].failed // the search ends here
			continue
		}
		answers[i].KeyID, answers[i].Used = k.ID(), !used
		used = true
	}
	return answers
}

func (a *app) keyCheck(ctx context.Context, asJSON bool) error {
	c, err := a.resolve()
	if err != nil {
		return err
	}
	answers := askAll(ctx, c.options.Keys)
	_, opens := backend.Open(ctx, c.options)
	if errors.Is(opens, backend.ErrNoVault) {
		opens = nil
	}
	if err := ctx.Err(); err != nil {
		return err // no answer of a source
	}
	if asJSON {
		err = a.printJSON(struct {
			SchemaVersion int      `json:"schema_version"`
			Environment   string   `json:"environment"`
			Recorded      string   `json:"recorded_key_id,omitempty"`
			Opens         bool     `json:"opens"`
			Sources       []answer `json:"sources"`
		}{schemaVersion, c.Environment, c.KeyID, opens == nil, answers})
	} else {
		var b strings.Builder
		for _, s := range answers {
			state := "key " + s.KeyID
			if s.Error != "" {
				state = s.Error
			}
			if s.Used {
				state += "  <- used"
			}
			fmt.Fprintf(&b, "%s: %s\n", oneLine(s.Source), oneLine(state))
		}
		err = a.print([]byte(b.String()))
	}
	if err != nil {
		return err
	}
	return opens
}
