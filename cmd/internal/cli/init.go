package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
)

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Make a master key and an encrypted credentials file",
		Long: `Make what is missing of a vault here: a master key in master.key, an encrypted
credentials.yml.enc, and tmp/. What is there stays as it is, so a second run
changes nothing.

In a git work tree, .gitignore gets /master.key and /tmp/, and .gitattributes
gets "*.enc -text". No new key is made where an encrypted file is there already.`,
		Example: "  " + a.name + " init",
		Args:    args(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.init(cmd.Context())
		},
	}
}

func (a *app) init(ctx context.Context) error {
	a.overrides.Here = true
	c, err := a.resolve()
	if err != nil {
		return err
	}
	if err := a.refuseStrayFiles(ctx, c); err != nil {
		return err
	}
	// First what keeps the key out of git, then the key.
	changed, err := prepareGit(c.Root)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.Path()), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(c.Root, "tmp"), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	created, err := backend.Init(ctx, c.options)
	if err != nil {
		return err
	}
	a.tellInit(c, created, changed)
	return nil
}

func (a *app) tellInit(c *vault, created backend.Created, changed []string) {
	status := func(made bool) string {
		if made {
			return "is new"
		}
		return "was there already"
	}
	a.note("%s %s (key id %s)", sanitize(created.KeySource), status(created.Key), created.KeyID)
	a.note("%s %s", sanitize(c.options.Store.Name()), status(created.Document))
	for _, name := range changed {
		a.note("%s is prepared for git", sanitize(name))
	}
	if created.Key {
		a.note("keep the key safe and out of git: nobody can decrypt anything without it")
	}
	if created.Document {
		a.note("next: %s edit", a.name)
	}
}

// refuseStrayFiles refuses to make a key where encrypted files are that it
// could not open.
func (a *app) refuseStrayFiles(ctx context.Context, c *vault) error {
	if _, err := backend.FindKey(ctx, c.options); err == nil {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(escapeGlob(c.Root), "*.enc"))
	if err != nil || len(files) == 0 {
		return err
	}
	return fmt.Errorf("%s: %w", filepath.Base(files[0]), backend.ErrKeyLost)
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
