package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/recipients"
)

// teamSource is the plugin that wraps a key for a team. Its files are what its
// settings say, or these.
const (
	teamSource  = "age"
	teamWrapped = "master.key.age"
	teamList    = "master.key.recipients"
)

func (a *app) teamCommand() *cobra.Command {
	return a.group("team", "Choose who can open the master key with a key of their own",
		a.teamListCommand(), a.teamAddCommand(), a.teamRemoveCommand())
}

// team is the list of an environment, and where it is.
type team struct {
	recipients.List
	path    string // of the list
	wrapped string // of the wrapped key
	there   bool   // whether there is a list
	config  *config.Config
	program string // what the person types
}

// team reads the list of the environment.
func (a *app) team(c *config.Config) (*team, error) {
	s, _ := c.SourceSettings(teamSource)
	t := &team{config: c, program: a.name}
	for _, f := range []struct {
		path              *string
		setting, fallback string
	}{{&t.path, "recipients", teamList}, {&t.wrapped, "file", teamWrapped}} {
		name := filepath.FromSlash(cmp.Or(s[f.setting], f.fallback))
		if !filepath.IsLocal(name) {
			return nil, &usageError{msg: fmt.Sprintf("the setting %s of %s leads out of the vault's directory", f.setting, teamSource)}
		}
		*f.path = filepath.Join(c.Root, name)
	}
	text, err := durable.ReadFile(t.path, recipients.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.name(), err)
	}
	t.there = true
	if t.List, err = recipients.Parse(text); err != nil {
		return nil, &codeError{&hintError{fmt.Errorf("%s: %w", t.name(), err), t.history()}, exitInvalid}
	}
	return t, nil
}

func (t *team) name() string { return t.config.Display(t.path) }

// history is what to type where the list is not what it should be.
func (t *team) history() string {
	return "git log -p " + quote(t.name()) + " shows who changed it; git checkout brings an earlier one back"
}

// write replaces the list.
func (t *team) write(l recipients.List) error {
	f, err := durable.New(t.path, 0o644)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(l.Text()); err != nil {
		return fmt.Errorf("%s: %w", t.name(), err)
	}
	return f.Replace()
}

// restore brings back what was there before write.
func (t *team) restore() error {
	if t.there {
		return t.write(t.List)
	}
	return durable.Remove(t.path)
}

// unsealed is the error for a list that somebody without the key has changed.
func (t *team) unsealed(k keysource.Key) error {
	return &codeError{&hintError{
		fmt.Errorf("%s does not have the seal of the key %s: it was changed by something else than %s team, so it is not obeyed", t.name(), k.ID(), t.program),
		t.history(),
	}, exitPolicy}
}

// examineTeam is what is wrong with the team of an environment whose key comes
// from one, and how many members it has: 0 where there is none.
func (a *app) examineTeam(ctx context.Context, c *config.Config) (members int, problems []string) {
	if _, named := c.SourceSettings(teamSource); !named {
		return 0, nil
	}
	t, err := a.team(c)
	if err != nil {
		return 1, []string{err.Error()}
	}
	if !t.there {
		return 0, nil
	}
	var key keysource.Key
	if keys, err := c.Sources(); err == nil {
		if k, err := keys.Load(ctx); err == nil {
			key = k
		}
	}
	return len(t.Members), t.problems(key)
}

// problems is what is wrong with the list. The key may be zero, if there is none:
// then the seal is not looked at.
func (t *team) problems(k keysource.Key) []string {
	var found []string
	if !k.IsZero() && !t.Sealed(k) {
		found = append(found, fmt.Sprintf("%s does not have the seal of the key %s: somebody without the key changed it", t.name(), k.ID()))
	}
	blob, err := durable.ReadFile(t.wrapped, recipients.MaxSize)
	if err != nil {
		return append(found, fmt.Sprintf("%s: %v", t.config.Display(t.wrapped), err))
	}
	more, err := t.Differ(blob)
	if err != nil {
		return append(found, fmt.Sprintf("%s: %v", t.config.Display(t.wrapped), err))
	}
	return append(found, more...)
}

func (a *app) teamListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List who can open the master key",
		Long: `List the members and their public keys, SSH keys by the fingerprint that
"ssh-keygen -l" shows. The list is compared with its seal, if the key is to be had,
and with what is wrapped. The exit code is 7 if something does not fit.`,
		Example: "  " + a.name + " team list",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.teamList(cmd.Context(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) teamList(ctx context.Context, asJSON bool) error {
	c, t, err := a.existingTeam()
	if err != nil {
		return err
	}
	var key keysource.Key
	k, keyErr := c.options.Keys.Load(ctx)
	if keyErr == nil {
		key = k
	}
	problems := t.problems(key)
	if asJSON {
		type member struct {
			Name      string `json:"name"`
			Recipient string `json:"recipient"`
		}
		members := []member{}
		for _, m := range t.Members {
			members = append(members, member(m))
		}
		err = a.printJSON(struct {
			SchemaVersion int      `json:"schema_version"`
			Environment   string   `json:"environment"`
			Members       []member `json:"members"`
			SealChecked   bool     `json:"seal_checked"`
			OK            bool     `json:"ok"`
			Problems      []string `json:"problems"`
		}{schemaVersion, c.Environment, members, keyErr == nil, len(problems) == 0, append([]string{}, problems...)})
	} else {
		var b strings.Builder
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, m := range t.Members {
			fmt.Fprintf(w, "%s\t%s\n", m.Name, recipients.Short(m.Recipient))
		}
		_ = w.Flush()
		err = a.print([]byte(b.String()))
	}
	if err != nil {
		return err
	}
	if keyErr != nil {
		a.note("note: the seal of the list is not checked, since the key is not to be had: %s", oneLine(keyErr.Error()))
	}
	if len(problems) > 0 {
		hint := a.name + " rekey wraps a new key for the list as it is"
		if keyErr != nil || !t.Sealed(key) {
			hint = t.history()
		}
		return &codeError{&hintError{errors.New(strings.Join(problems, "; ")), hint}, exitInvalid}
	}
	return nil
}

// existingTeam is the team of the environment, which has to be there.
func (a *app) existingTeam() (*vault, *team, error) {
	c, err := a.resolve()
	if err != nil {
		return nil, nil, err
	}
	t, err := a.team(c.Config)
	if err != nil {
		return nil, nil, err
	}
	if !t.there {
		return nil, nil, &codeError{&hintError{
			fmt.Errorf("there is no team: %s does not exist", t.name()),
			a.name + " team add NAME RECIPIENT begins one, with your own public key",
		}, exitNotFound}
	}
	return c, t, nil
}

func (a *app) teamAddCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "add NAME RECIPIENT",
		Short: "Let a member open the master key",
		Long: `Add a member to master.key.recipients, and have the plugin age wrap the master key
in master.key.age for all members. Both files are for git.

RECIPIENT is a public key: what age-keygen prints (age1…), an SSH key of the type
ed25519 or rsa, or a file that holds one, such as id_ed25519.pub. The word
passphrase stands for a passphrase, which the plugin asks for; it can only be alone
in a list. The first member is you: the key is never wrapped for others alone.`,
		Example: "  " + a.name + " team add ann ~/.ssh/id_ed25519.pub\n  " + a.name + " team add ci age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
		Args:    exactly(2, "a NAME and a RECIPIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.teamAdd(cmd.Context(), args[0], args[1])
		},
	}
}

func (a *app) teamAdd(ctx context.Context, name, given string) error {
	recipient, err := readRecipient(given)
	var missing *codeError
	if errors.As(err, &missing) {
		return err
	}
	if err != nil {
		return &usageError{msg: err.Error(), hint: a.name + " team add ann ~/.ssh/id_ed25519.pub"}
	}
	c, key, from, err := a.findKey(ctx)
	if err == nil {
		err = a.recover(ctx, c)
	}
	if err != nil {
		return err
	}
	target, err := c.Source(teamSource)
	if err != nil {
		return err
	}
	saver, ok := target.(keysource.Saver)
	if !ok {
		return cannotKeep(target)
	}
	if c.Remote() { // its directory is for what lies beside a document in a store, and may not be there yet
		if err := os.MkdirAll(filepath.Dir(c.Path()), 0o755); err != nil { //nolint:gosec // as git makes it
			return err
		}
	}
	unlock, err := c.Store(c.Path()).Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	t, err := a.team(c.Config)
	if err != nil {
		return err
	}
	switch {
	case !t.there && fileExists(t.wrapped):
		return &codeError{&hintError{
			fmt.Errorf("%s is there, but not the list %s", c.Display(t.wrapped), t.name()),
			"git checkout brings the list back; to begin a new team, move " + c.Display(t.wrapped) + " away",
		}, exitPolicy}
	case t.there && !t.Sealed(key):
		return t.unsealed(key)
	}
	next := t.List
	if m, there := t.Find(name); !there || m.Recipient != recipient {
		if next, err = t.With(recipients.Member{Name: name, Recipient: recipient}); err != nil {
			return &codeError{&hintError{err, a.name + " team remove takes a member out, " + a.name + " team list shows all"}, exitPolicy}
		}
	}
	if err := t.write(next.Seal(key)); err != nil {
		return err
	}
	if err := keysource.SaveVerified(ctx, saver, key); err != nil {
		return errors.Join(a.firstMember(t, err), t.restore())
	}
	a.note("%s can open the key %s (%s)", name, key.ID(), recipients.Short(recipient))
	a.note("commit %s and %s", oneLine(t.name()), oneLine(c.Display(t.wrapped)))
	if _, named := c.SourceSettings(teamSource); !named {
		a.note("next: name %s under keysource: in flask-vault.yaml; until then the key comes from %s", teamSource, oneLine(from.Name()))
	}
	return nil
}

// firstMember says what to type where the plugin refuses to wrap the key for others
// alone. Which public keys are the user's, the plugin alone knows.
func (a *app) firstMember(t *team, err error) error {
	var refused *external.Error
	if t.there || !errors.As(err, &refused) || refused.Code != external.Denied {
		return err
	}
	return &codeError{&hintError{err, "add yourself first: " + a.name + " team add NAME ~/.ssh/id_ed25519.pub"}, exitPolicy}
}

// readRecipient takes a public key, or the file that holds one.
func readRecipient(given string) (string, error) {
	r, err := recipients.ParseRecipient(given)
	if err == nil {
		return r, nil
	}
	info, statErr := os.Stat(given)
	if errors.Is(statErr, fs.ErrNotExist) && strings.ContainsAny(given, ".~") && !strings.ContainsAny(given, " \n") { // which no key has
		return "", &codeError{fmt.Errorf("%s: there is no such file", given), exitNotFound}
	}
	if statErr != nil || !info.Mode().IsRegular() {
		return "", err
	}
	text, err := durable.ReadFile(given, maxPublicKey)
	if err != nil {
		return "", fmt.Errorf("%s: %w", given, err)
	}
	if r, err = recipients.ParseRecipient(string(text)); err != nil {
		return "", fmt.Errorf("%s: %w", given, err)
	}
	return r, nil
}

const maxPublicKey = 16 << 10
