package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/file"
)

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Make a master key and an encrypted credentials file",
		Long: `Make what is missing of a vault here: a master key in master.key, an encrypted
credentials.yml.enc, and tmp/. What is there stays as it is, so a second run
changes nothing.

In a git work tree, .gitignore gets /master.key and /tmp/, and .gitattributes
gets "*.enc -text". No new key is made where an encrypted file is there already.

With --env NAME it makes an environment: its credentials file, its key, and its
entry in flask-vault.yaml.`,
		Example: "  " + a.name + " init\n  " + a.name + " init --env production",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.init(cmd.Context())
		},
	}
}

func (a *app) init(ctx context.Context) error {
	a.overrides.Here, a.overrides.NewEnvironment = true, true
	c, err := a.resolve()
	if err != nil {
		return err
	}
	if err := a.refuseStrayFiles(ctx, c); err != nil {
		return err
	}
	// First what keeps the key out of git, then the key.
	keys := keyFiles(c)
	lines := make([]string, len(keys))
	for i, path := range keys {
		lines[i] = ignorePattern(path)
	}
	changed, err := prepareGit(c.Root, lines...)
	if err != nil {
		return err
	}
	if err := a.refuseTracked(ctx, c, keys); err != nil {
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
	if c.New() {
		if err := c.AddEnvironment(ctx, created.KeyID); err != nil {
			return err
		}
		changed = append(changed, config.FileName)
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
	a.note("%s %s (key id %s)", oneLine(created.KeySource), status(created.Key), created.KeyID)
	a.note("%s %s (environment %s)", oneLine(c.options.Store.Name()), status(created.Document), c.Environment)
	for _, name := range changed {
		a.note("%s has what it needs now", oneLine(name))
	}
	if created.Key {
		a.note("keep the key safe and out of git: nobody can decrypt anything without it")
	}
	if created.Document {
		edit := a.name + " edit"
		if c.Environment != config.DefaultEnvironment {
			edit += " --env " + c.Environment
		}
		a.note("next: %s", edit)
	}
}

// keyFiles are the key files of the vault below its directory, with slashes.
func keyFiles(c *vault) []string {
	var paths []string
	for _, s := range c.options.Keys {
		f, ok := s.(*file.Source)
		if !ok {
			continue
		}
		if rel, err := filepath.Rel(c.Root, f.Path()); err == nil && filepath.IsLocal(rel) {
			paths = append(paths, filepath.ToSlash(rel))
		}
	}
	return paths
}

// refuseTracked refuses to make a key file that git would take along: one that it
// tracks, or that another .gitignore takes back in.
func (a *app) refuseTracked(ctx context.Context, c *vault, keys []string) error {
	for _, path := range keys {
		if fileExists(filepath.Join(c.Root, filepath.FromSlash(path))) {
			continue // doctor tells
		}
		if gitTakes(ctx, c, c.Root, path) {
			return &codeError{&hintError{
				fmt.Errorf("git would commit the key file %s, so no key is made", oneLine(path)),
				"git ls-files " + quote(path) + " shows whether git tracks it, git check-ignore -v " + quote(path) + " which .gitignore takes it in",
			}, exitPolicy}
		}
	}
	return nil
}

// gitTakes reports whether git would commit a file, by its path from dir, or has already.
func gitTakes(ctx context.Context, c *vault, dir, path string) bool {
	if !inWorkTree(dir) {
		return false
	}
	_, err := runGit(ctx, dir, c.options, "check-ignore", "-q", "--", path)
	exit := (*exec.ExitError)(nil)
	return errors.As(err, &exit) && exit.ExitCode() == 1
}

// warnOfGit says that git would commit a key that was put into a file.
func (a *app) warnOfGit(ctx context.Context, c *vault, s keysource.Source) {
	if f, ok := s.(*file.Source); ok && gitTakes(ctx, c, filepath.Dir(f.Path()), filepath.Base(f.Path())) {
		a.note("warning: git would commit %s: name it in .gitignore, or move it out of the repository", oneLine(c.Display(f.Path())))
	}
}

// refuseStrayFiles refuses to make a key where encrypted files are that it
// could not open.
func (a *app) refuseStrayFiles(ctx context.Context, c *vault) error {
	if _, err := backend.FindKey(ctx, c.options); !errors.Is(err, keysource.ErrNoKey) {
		return err
	}
	if err := refuseDangling(c); err != nil {
		return err
	}
	if c.Environment != config.DefaultEnvironment {
		return nil // the files beside it are of another environment
	}
	files, err := filepath.Glob(filepath.Join(escapeGlob(c.Root), "*.enc"))
	if err != nil || len(files) == 0 {
		return err
	}
	return fmt.Errorf("%s: %w", filepath.Base(files[0]), backend.ErrKeyLost)
}

// refuseDangling refuses a key file that is a symbolic link to nothing: the key
// may be on a disk that is not there at the moment, and a link is never written
// through.
func refuseDangling(c *vault) error {
	for _, s := range c.options.Keys {
		f, ok := s.(*file.Source)
		if !ok {
			continue
		}
		target, err := os.Readlink(f.Path())
		if err != nil {
			continue // no link
		}
		if _, err := os.Stat(f.Path()); errors.Is(err, fs.ErrNotExist) {
			return &codeError{&hintError{
				fmt.Errorf("%s is a symbolic link to %s, which is not there; nothing is made", f.Name(), target),
				"bring that file back (mount its disk), or remove the link: rm " + quote(c.Display(f.Path())),
			}, exitNotFound}
		}
	}
	return nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
