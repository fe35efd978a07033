package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/lastgood"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/cmd/internal/remote"
	"github.com/flask-vault/flask-vault/cmd/internal/storetrust"
)

func (a *app) remoteCommand() *cobra.Command {
	return a.group("remote", "Agree to stores on the network",
		a.remoteTrustCommand(), a.remoteDistrustCommand(), a.remoteListCommand(), a.remoteAcceptCommand())
}

func (a *app) remoteTrustCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "trust URL",
		Short: "Agree that credentials are sent to a store",
		Long: `Agree that commands send requests to the store at URL, with the settings that
flask-vault.yaml has for it: the password in the variable that it names, the client
certificate, or your AWS credentials. They are shown. Until then nothing is sent: a
repository that you cloned cannot choose where your credentials go. If the
configuration names other settings later, or the authority's certificates change, you
are asked again.

URL is what credentials: says in one of the environments here.`,
		Example: "  " + a.name + " remote trust etcd://etcd1:2379/shop/production",
		Args:    exactly(1, "one URL"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.remoteTrust(args[0])
		},
		ValidArgsFunction: a.completeURLs,
	}
}

func (a *app) remoteTrust(url string) error {
	if err := location.CheckURL(url); err != nil {
		return badURL(url, err)
	}
	c, err := a.resolve()
	if err != nil {
		return err
	}
	var found []location.Location
	var urls []string
	for _, e := range remotes(c.Config) {
		l := e.Location()
		urls = append(urls, l.URL)
		if l.URL == url && !slices.Contains(found, l) {
			found = append(found, l)
		}
	}
	switch {
	case len(found) == 0 && len(urls) == 0:
		return &usageError{msg: "no environment here has credentials in a store", hint: "credentials: " + url + " in flask-vault.yaml names it"}
	case len(found) == 0:
		return &usageError{msg: "no environment here has its credentials at " + url, hint: "there are: " + strings.Join(urls, ", ")}
	case len(found) > 1:
		return &usageError{msg: "environments here name different settings for " + url, hint: "give them the same store:"}
	}
	book, err := storetrust.Default()
	if err != nil {
		return err
	}
	if err := book.Agree(found[0]); err != nil {
		return err
	}
	a.note("from now on requests are sent to %s", found[0].URL)
	for _, s := range found[0].Settings() {
		a.note("  %s: %s", s.Name, oneLine(s.Value))
	}
	if location.Scheme(url) == "s3" && found[0].Profile == "" {
		a.note("  with the AWS credentials of your environment")
	}
	return nil
}

// badURL is the error of a URL that is refused, perhaps for the password in it.
func badURL(url string, err error) error {
	if at := strings.LastIndexByte(url, '@'); at >= 0 {
		url = "…" + url[at:]
	}
	return &usageError{msg: url + ": " + err.Error()}
}

// remotes are the environments whose credentials are in a store.
func remotes(c *config.Config) []*config.Config {
	var all []*config.Config
	for _, name := range c.Environments {
		if e, err := c.In(name); err == nil && e.Remote() {
			all = append(all, e)
		}
	}
	return all
}

func (a *app) completeURLs(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	c, err := a.resolve()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var urls []cobra.Completion
	for _, e := range remotes(c.Config) {
		urls = append(urls, e.Credentials)
	}
	return urls, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) remoteDistrustCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "distrust URL",
		Short:   "Take the agreement to a store back",
		Example: "  " + a.name + " remote distrust etcd://etcd1:2379/shop/production",
		Args:    exactly(1, "one URL"),
		RunE: func(_ *cobra.Command, args []string) error {
			book, err := storetrust.Default()
			if err != nil {
				return err
			}
			there, err := book.Remove(args[0])
			if err != nil {
				return err
			}
			if !there {
				return &codeError{&hintError{errors.New("you have not agreed to " + oneLine(args[0])), a.name + " remote list"}, exitNotFound}
			}
			a.note("nothing is sent to %s any more", oneLine(args[0]))
			return nil
		},
		ValidArgsFunction: a.completeURLs,
	}
}

func (a *app) remoteListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the stores that you agreed to",
		Example: "  " + a.name + " remote list",
		Args:    exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			book, err := storetrust.Default()
			if err != nil {
				return err
			}
			records, listErr := book.List()
			if asJSON {
				err = a.printJSON(struct {
					SchemaVersion int                 `json:"schema_version"`
					Directory     string              `json:"directory"`
					Stores        []storetrust.Record `json:"stores"`
				}{schemaVersion, book.Dir(), append([]storetrust.Record{}, records...)})
				return errors.Join(err, listErr)
			}
			var b strings.Builder
			for _, r := range records {
				fmt.Fprintln(&b, oneLine(r.URL))
				for _, name := range slices.Sorted(maps.Keys(r.Settings)) {
					fmt.Fprintf(&b, "  %s: %s\n", oneLine(name), oneLine(r.Settings[name]))
				}
			}
			return errors.Join(a.print([]byte(b.String())), listErr)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) remoteAcceptCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "accept",
		Short: "Take what a store has now, though it is older than what was seen",
		Long: `Take the document that the environment's store has now as the newest, though a newer
one was seen on this machine: after the store was restored from a backup. Every
machine that saw the newer one needs it. To bring old values back without that, write
them anew: a new document is never refused.`,
		Example: "  " + a.name + " remote accept --env production",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.remoteAccept(cmd.Context())
		},
	}
}

func (a *app) remoteAccept(ctx context.Context) error {
	c, err := a.resolve()
	if err != nil {
		return err
	}
	if !c.Remote() {
		return &usageError{msg: "the credentials of the environment " + c.Environment + " are a file, which is read as it is"}
	}
	l := c.Location()
	path, err := lastgood.Path(l.ID())
	if err != nil {
		return err
	}
	if err := lastgood.Accept(ctx, agreedStore{remote.Open(limited(l)), l}, a.copyOptions(l, path)); err != nil {
		return fmt.Errorf("%s: %w", l.URL, err)
	}
	a.note("what %s has now counts as the newest (environment %s)", oneLine(l.URL), c.Environment)
	return nil
}

// examineServers asks each of several servers by itself: while one of them answers, no
// command shows that another does not.
func (a *app) examineServers(ctx context.Context, l location.Location) []finding {
	servers := l.Servers()
	if (agreedStore{l: l}).check() != nil {
		return nil // which the store's own line tells
	}
	errs := make([]error, len(servers))
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() { _, errs[i] = remote.Open(limited(s)).Load(ctx, "") })
	}
	wg.Wait()
	var findings []finding
	for i, err := range errs {
		// What a member of a cluster answers, the cluster does; each web server has its own.
		if err != nil && (l.ReadOnly() || errors.Is(err, backend.ErrUnreachable)) {
			findings = append(findings, finding{"warn", fmt.Sprintf("one of %s: %s: %v", count(len(servers), "server"), servers[i].Name(), err), "see whether it runs and this machine reaches it, or take it out of credentials: in flask-vault.yaml"})
		}
	}
	if len(servers) > 0 && len(findings) == 0 {
		findings = append(findings, ok("each of the %s answers", count(len(servers), "server")))
	}
	return findings
}

// examinePrevious tells of a document in a store that a previous key alone opens.
func (a *app) examinePrevious(ctx context.Context, c *vault) []finding {
	if !fileExists(c.PreviousPath()) {
		return nil
	}
	key, err := c.options.Keys.Load(ctx)
	if err != nil {
		return nil // which another line tells
	}
	store, _, previous, err := storedUnder(ctx, c.Config, key)
	if err != nil || !previous {
		return nil
	}
	hint := "if a rekey could not finish, " + a.name + " rekey does; if none was interrupted, somebody who left wrote it, and " + a.name + " copy brings a backup back"
	if c.Location().ReadOnly() {
		hint = "encrypt it under the new key where it is written"
	}
	return []finding{{"warn", store.Name() + " is encrypted under a previous key", hint}}
}

// examineStore looks at a store on the network, beyond what opening the vault told, which failed
// with unopened or did not. A store that does not answer, or not us, or that may not be asked,
// is not asked again.
func (a *app) examineStore(ctx context.Context, c *vault, unopened error) []finding {
	if !c.Remote() {
		return nil
	}
	l := c.Location()
	store := agreedStore{remote.Open(limited(l)), l}
	findings := a.examineServers(ctx, l)
	var untrusted *storetrust.UntrustedError
	if !errors.Is(unopened, backend.ErrUnreachable) && !errors.Is(unopened, fs.ErrPermission) && !errors.Is(unopened, backend.ErrNoCredentials) && !errors.As(unopened, &untrusted) {
		switch err := store.Probe(ctx); {
		case l.ReadOnly():
			findings = append(findings, ok("%s is for reading alone", l.Name()))
		case err == nil && location.Scheme(l.URL) == "s3":
			findings = append(findings, ok("this user may write %s; of 16 saves against one version at once, the server lets one win", l.Name()))
		case err == nil:
			findings = append(findings, ok("this user may write %s", l.Name()))
		case errors.Is(err, fs.ErrPermission):
			findings = append(findings, finding{"warn", "this user may read and not write " + l.Name() + ": " + err.Error(), "to write, name another user under store: in flask-vault.yaml"})
		default:
			_, hint := a.classify(err)
			findings = append(findings, finding{"fail", l.Name() + ": " + err.Error(), hint})
		}
	}
	if unopened == nil {
		findings = append(findings, a.examinePrevious(ctx, c)...)
	}
	if path, err := lastgood.Path(l.ID()); err != nil {
		findings = append(findings, finding{"warn", "there is no directory for a copy that is read while the store is down: " + err.Error(), "set XDG_CACHE_HOME"})
	} else if when, err := lastgood.Kept(path); err != nil {
		findings = append(findings, finding{"warn", "no copy is kept for when the store is down: " + err.Error(), ""})
	} else {
		findings = append(findings, ok("the copy for when the store is down was confirmed %s ago", age(when)))
	}
	return findings
}
