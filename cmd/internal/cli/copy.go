package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/cmd/internal/remote"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
)

func (a *app) copyCommand() *cobra.Command {
	var o copyOptions
	cmd := &cobra.Command{
		Use:   "copy --from PLACE --to PLACE",
		Short: "Copy a vault from one store to another, sealed as it is",
		Long: `Copy the encrypted document from one place to another, byte for byte, then load it
there and compare. No key is needed, and nothing is decrypted. A different document
that is there already is replaced with --force alone.

A PLACE is env:NAME, which is where the credentials of that environment are; the URL
of a store that an environment names; or the path of a file, where file stands for the
environment's own credentials file, or the one that it had before it named a store.

Previous keys, a local file and the key itself are not copied: they stay where they
are, and open the document wherever it is.`,
		Example: "  " + a.name + " copy --from file --to etcd://etcd1:2379/shop\n" +
			"  " + a.name + " copy --from env:production --to backup/production.yml.enc\n" +
			"  " + a.name + " copy --from env:staging --to env:production --force",
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.from == "" || o.to == "" {
				return &usageError{msg: "copy needs --from and --to", hint: a.name + " copy --from file --to env:production"}
			}
			return a.copy(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.from, "from", "", "the `PLACE` that has the vault")
	flags.StringVar(&o.to, "to", "", "the `PLACE` that gets it")
	flags.BoolVarP(&o.force, "force", "f", false, "replace a different document")
	return cmd
}

type copyOptions struct {
	from, to string
	force    bool
}

// place is one side of a copy.
type place struct {
	store backend.Store
	file  string // its path if it is a local file
}

// place understands what --from and --to name.
func (a *app) place(c *vault, name string) (place, error) {
	if name == "file" {
		name = c.Path()
		return place{c.Store(name), name}, nil
	}
	if env, ok := strings.CutPrefix(name, "env:"); ok {
		e, err := c.In(env)
		if err != nil {
			return place{}, err
		}
		return ofEnvironment(e)
	}
	if !location.IsURL(name) {
		path, err := filepath.Abs(strings.TrimPrefix(name, "file:"))
		return place{c.Store(path), path}, err
	}
	if err := location.CheckURL(name); err != nil {
		return place{}, badURL(name, err)
	}
	for _, e := range remotes(c.Config) {
		if e.Credentials == name {
			return ofEnvironment(e)
		}
	}
	// The user has named it here and now, which is an agreement; nothing beside the
	// URL comes from a file.
	l := location.Location{URL: name}
	return place{store: a.keptStore(remote.Open(limited(l)), l)}, nil
}

func ofEnvironment(e *config.Config) (place, error) {
	store, err := e.DocumentStore()
	p := place{store: store}
	if !e.Remote() {
		p.file = e.Path()
	}
	return p, err
}

func (a *app) copy(ctx context.Context, o copyOptions) error {
	a.fresh = true // neither side may be a copy that we kept ourselves
	c, err := a.resolve()
	if err != nil {
		return err
	}
	if err := a.recover(ctx, c); err != nil {
		return err
	}
	from, err := a.place(c, o.from)
	if err != nil {
		return err
	}
	to, err := a.place(c, o.to)
	if err != nil {
		return err
	}
	if to.file != "" {
		if err := a.refuseOwn(c.Config, to.file, false); err != nil {
			return err
		}
	}
	snap, err := from.store.Load(ctx, "")
	if errors.Is(err, backend.ErrNoVault) {
		err = &hintError{err, "--from names one that is there: env:NAME, or the path of an encrypted file"}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from.store.Name(), err)
	}
	if fault := vaultkeys.Fault(snap.Blob); fault != "" {
		return fmt.Errorf("%s: %w", from.store.Name(), &backend.EnvelopeError{Reason: fault})
	}
	there, err := to.store.Load(ctx, "")
	switch {
	case errors.Is(err, backend.ErrNoVault):
		there = backend.Snapshot{}
	case err != nil:
		return fmt.Errorf("%s: %w", to.store.Name(), err)
	case bytes.Equal(there.Blob, snap.Blob):
		a.note("%s has it already, %d bytes; nothing is written", oneLine(to.store.Name()), len(snap.Blob))
		return nil
	case !o.force:
		return &codeError{&hintError{
			fmt.Errorf("%s has another document already; nothing is written", to.store.Name()),
			"--force replaces it; copy it to a file first if nobody else has it",
		}, exitPolicy}
	}
	if to.file != "" {
		if err := os.MkdirAll(filepath.Dir(to.file), 0o755); err != nil {
			return err
		}
	}
	// An interrupt between the save and the comparison would leave it unsaid whether
	// it is there.
	ctx = context.WithoutCancel(ctx)
	_, serr := to.store.Save(ctx, snap.Blob, there.Version)
	if serr != nil && !errors.Is(serr, backend.ErrUncertain) {
		return fmt.Errorf("%s: %w", to.store.Name(), serr)
	}
	now, err := to.store.Load(ctx, "")
	if err == nil && !bytes.Equal(now.Blob, snap.Blob) {
		err = fmt.Errorf("%w: what is there now is not what was copied", backend.ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", to.store.Name(), errors.Join(serr, err))
	}
	a.note("%s is copied to %s: %d bytes, loaded there and compared", oneLine(from.store.Name()), oneLine(to.store.Name()), len(snap.Blob))
	if location.IsURL(o.to) && len(remotes(c.Config)) == 0 {
		a.note("next: credentials: %s in flask-vault.yaml makes it the vault", oneLine(to.store.Name()))
	}
	return nil
}
