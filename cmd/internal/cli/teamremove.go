package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/recipients"
)

func (a *app) teamRemoveCommand() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Take a member out, and change the master key",
		Long: `Take a member out of master.key.recipients, and do what rekey does: make a new
master key, wrap it for those who stay, and encrypt everything under it.

Printed are the names of the secrets, and the further encrypted files, that the old
key opened. Who left has seen them, and no command takes that back: change them
where they are used.`,
		Example: "  " + a.name + " team remove ann\n  " + a.name + " team remove ann --files '*.pem.enc'",
		Args:    exactly(1, "one NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.teamRemove(cmd.Context(), args[0], files)
		},
		ValidArgsFunction: a.completeMembers,
	}
	cmd.Flags().StringSliceVar(&files, "files", nil, "patterns of further encrypted files, relative to the vault's directory")
	return cmd
}

func (a *app) teamRemove(ctx context.Context, name string, files []string) error {
	c, t, err := a.existingTeam()
	if err != nil {
		return err
	}
	if err := a.recover(ctx, c); err != nil {
		return err
	}
	rest, there := t.Without(name)
	switch {
	case !there:
		return &codeError{&hintError{
			fmt.Errorf("%s is not in %s", name, t.name()),
			a.name + " team list shows who is; if a removal was interrupted, " + a.name + " rekey --leaver finishes it",
		}, exitNotFound}
	case len(rest.Members) == 0:
		return &codeError{&hintError{
			fmt.Errorf("%s is the last member, and the key would be lost", name),
			fmt.Sprintf("%s key copy --to file puts it into a file; then name file under keysource: in %s, and remove %s and %s", a.name, config.FileName, t.name(), c.Display(t.wrapped)),
		}, exitPolicy}
	}
	// Another source that has the key would keep the old one.
	k, from, err := c.options.Keys.Find(ctx)
	if err != nil {
		return err
	}
	if team, err := c.Source(teamSource); err != nil || team.Name() != from.Name() {
		return errors.Join(err, &codeError{&hintError{
			fmt.Errorf("the key comes from %s, not from what is wrapped for the team", from.Name()),
			fmt.Sprintf("take it away there; or add --keysource %s, and bring the new key to %s afterwards", teamSource, from.Name()),
		}, exitPolicy})
	}
	if !t.Sealed(k) {
		return t.unsealed(k)
	}
	err = a.rekey(ctx, rekeyOptions{files: files, leaver: true, saving: func(s keysource.Saver, old keysource.Key) keysource.Saver {
		return &leaving{Saver: s, team: t, old: old, rest: rest}
	}})
	if err != nil {
		return err
	}
	a.note("%s is out: commit %s and %s with the files above", name, oneLine(t.name()), oneLine(c.Display(t.wrapped)))
	return a.noteOtherTeams(c, t, name)
}

// noteOtherTeams says in which other environments the member still is.
func (a *app) noteOtherTeams(c *vault, t *team, name string) error {
	for _, env := range c.Environments {
		other, err := c.In(env)
		if err != nil {
			return err
		}
		of, err := a.team(other)
		if err != nil || of.path == t.path {
			continue
		}
		if _, still := of.Find(name); still {
			a.note("note: %s can still open the key of the environment %s: %s team remove %s --env %s", name, env, a.name, quote(name), env)
		}
	}
	return nil
}

// leaving saves a new key for those who stay. The list changes with the key and
// not before, so that a rekey that changes nothing leaves the list alone too.
type leaving struct {
	keysource.Saver
	team *team
	old  keysource.Key
	rest recipients.List
}

// Save writes the list that belongs to the key, and then saves the key.
func (l *leaving) Save(ctx context.Context, k keysource.Key) error {
	if k.Equal(l.old) {
		return errors.Join(l.team.restore(), l.Saver.Save(ctx, k))
	}
	// Sealed with the old key, as the plugin wants it: who removes a member has that.
	if err := l.team.write(l.rest.Seal(l.old)); err != nil {
		return err
	}
	err := l.Saver.Save(ctx, k)
	if err == nil {
		return nil
	}
	if now, e := l.Load(ctx); e == nil && now.Equal(k) {
		return err // it is wrapped for those who stay, whatever failed then
	}
	return errors.Join(err, l.team.restore())
}

func (a *app) completeMembers(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	_, t, err := a.existingTeam()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, m := range t.Members {
		names = append(names, m.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
