package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/backend/rekey"
	"github.com/flask-vault/flask-vault/keysource"
)

func (a *app) rekeyCommand() *cobra.Command {
	var o rekeyOptions
	cmd := &cobra.Command{
		Use:   "rekey",
		Short: "Change the master key",
		Long: `Make a new master key, keep it where the old one is kept, and encrypt the
credentials file under it, with every file that files: or --files names and every
environment that has the same key. All change in one step: killed at any moment,
the next command finishes the work or undoes it.

The old key is kept, encrypted under the new one, in credentials.previous.enc, so
that older tokens, files and commits still open, until --forget-previous.

--leaver also lists the names of all secrets that the old key opened: a person
who left has seen them, so change them where they are used.`,
		Example: "  " + a.name + " rekey\n  " + a.name + " rekey --files '*.pem.enc' --leaver\n  " + a.name + " rekey --forget-previous",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.forget {
				return a.forgetPrevious(cmd.Context(), o)
			}
			return a.rekey(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.files, "files", nil, "patterns of further encrypted files, relative to the vault's directory")
	flags.BoolVar(&o.all, "all", false, "change the key of every environment")
	flags.BoolVar(&o.leaver, "leaver", false, "list the names of the secrets that the old key opened")
	flags.BoolVar(&o.forget, "forget-previous", false, "remove the previous keys, once nothing needs them")
	flags.BoolVarP(&o.force, "force", "f", false, "with --forget-previous: even if files still need them")
	return cmd
}

type rekeyOptions struct {
	files  []string
	all    bool
	leaver bool
	forget bool
	force  bool
}

func (a *app) rekey(ctx context.Context, o rekeyOptions) error {
	c, err := a.resolve()
	if err != nil {
		return err
	}
	if err := a.recover(ctx, c); err != nil {
		return err
	}
	todo := []string{c.Environment}
	if o.all {
		todo = c.Environments
	}
	done := map[string]bool{}
	for _, name := range todo {
		if done[name] {
			continue
		}
		env, err := c.In(name)
		if err != nil {
			return err
		}
		if o.all && !fileExists(env.Path()) && name == config.DefaultEnvironment {
			continue
		}
		moved, err := a.rekeyOne(ctx, env, o)
		if err != nil {
			return fmt.Errorf("environment %s: %w", name, err)
		}
		for _, m := range moved {
			done[m] = true
		}
	}
	return nil
}

// rekeyOne changes the key of an environment and of all that share it. It
// returns their names.
func (a *app) rekeyOne(ctx context.Context, env *config.Config, o rekeyOptions) ([]string, error) {
	keys, err := env.Sources()
	if err != nil {
		return nil, err
	}
	old, source, err := keys.Find(ctx)
	if err != nil {
		return nil, err
	}
	if env.KeyID != "" && env.KeyID != old.ID() {
		return nil, &backend.WrongKeyError{Source: source.Name(), Have: old.ID(), Want: env.KeyID}
	}
	saver, ok := source.(keysource.Saver)
	if !ok {
		return nil, &codeError{&hintError{
			fmt.Errorf("the key comes from %s, which cannot keep a new one", source.Name()),
			a.name + " key copy --to file puts it into a file; rekey with --keysource file then, and bring the new key to where the old one was",
		}, exitPolicy}
	}
	shared, err := sharing(ctx, env, old)
	if err != nil {
		return nil, err
	}
	var names []string
	var files, previous []string
	for _, e := range shared {
		unlock, err := e.Store(e.Path()).Lock(ctx)
		if err != nil {
			return nil, err
		}
		defer unlock()
		more, err := sealedFiles(e, o.files)
		if err != nil {
			return nil, err
		}
		names = append(names, e.Environment)
		previous = append(previous, e.PreviousPath())
		files = append(files, more...)
	}
	slices.Sort(files)
	files = slices.Compact(files)
	seen, err := namesSeen(ctx, shared, o.leaver)
	if err != nil {
		return nil, err
	}
	next, err := rekey.Run(ctx, rekey.Plan{
		Journal: env.Journal(), Old: old, Source: saver, Files: files, Previous: previous,
		Plain: func(id string) (map[string][]byte, error) {
			text, err := env.WithKeyIDs(names, id)
			if text == nil || err != nil {
				return nil, err
			}
			return map[string][]byte{env.File: text}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	a.note("%s has the new key %s; the old one was %s", sanitize(source.Name()), next.ID(), old.ID())
	for _, f := range files {
		a.note("%s is encrypted under the new key", sanitize(env.Display(f)))
	}
	a.noteLeftBehind(env, next)
	if o.leaver && len(seen) > 0 {
		a.note("whoever had the old key has seen these; change them where they are used:")
		return names, a.print([]byte(strings.Join(seen, "\n") + "\n"))
	}
	return names, nil
}

// sharing are the environments whose key is old, env among them.
func sharing(ctx context.Context, env *config.Config, old keysource.Key) ([]*config.Config, error) {
	shared := []*config.Config{env}
	for _, name := range env.Environments {
		if name == env.Environment {
			continue
		}
		other, err := env.In(name)
		if err != nil {
			return nil, err
		}
		if !fileExists(other.Path()) {
			continue
		}
		keys, err := other.Sources()
		if err != nil {
			continue // its key is not to be had here, so it is not this one
		}
		if k, err := keys.Load(ctx); err == nil && k.Equal(old) {
			shared = append(shared, other)
		}
	}
	return shared, nil
}

// sealedFiles are the encrypted files of an environment that rekey moves.
func sealedFiles(e *config.Config, patterns []string) ([]string, error) {
	if !fileExists(e.Path()) {
		return nil, fmt.Errorf("%s: %w", e.Display(e.Path()), backend.ErrNoVault)
	}
	files := []string{e.Path()}
	if fileExists(e.LocalPath()) {
		files = append(files, e.LocalPath())
	}
	for i, p := range append(slices.Clone(patterns), e.Files...) {
		matches, err := filepath.Glob(filepath.Join(escapeGlob(e.Root), p))
		if err != nil {
			return nil, &usageError{msg: fmt.Sprintf("%q is not a pattern of file names", p)}
		}
		if len(matches) == 0 && i < len(patterns) {
			return nil, &codeError{fmt.Errorf("no file matches %q", p), exitNotFound}
		}
		for _, m := range matches {
			if m != e.PreviousPath() {
				files = append(files, m)
			}
		}
	}
	return files, nil
}

// namesSeen lists the names in the documents that the old key opens.
func namesSeen(ctx context.Context, envs []*config.Config, want bool) ([]string, error) {
	if !want {
		return nil, nil
	}
	var names []string
	for _, e := range envs {
		o, err := e.Options()
		if err != nil {
			return nil, err
		}
		v, err := backend.Open(ctx, o)
		if err != nil {
			return nil, err
		}
		more, err := v.Names()
		if err != nil {
			return nil, err
		}
		for _, n := range more {
			if n = sanitize(n); !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names, nil
}

// noteLeftBehind says which encrypted files only a previous key opens.
func (a *app) noteLeftBehind(env *config.Config, key keysource.Key) {
	if files := needPrevious(env, key); len(files) > 0 {
		a.note("note: %d more files open with the previous key alone: %s", len(files), sanitize(strings.Join(files, ", ")))
		a.note("note: %s rekey --files PATTERN takes such files along", a.name)
	}
}

// needPrevious finds the encrypted files that the key does not open but a
// previous one does.
func needPrevious(env *config.Config, key keysource.Key) []string {
	now, err := backend.NewCipher(key)
	if err != nil {
		return nil
	}
	keys, err := now.PreviousKeys(env.PreviousPath())
	if err != nil {
		return nil
	}
	withPrevious, err := backend.NewCipher(key, keys...)
	if err != nil {
		return nil
	}
	var need []string
	_ = walkEncrypted(env.Root, func(path string) {
		text, err := durable.ReadFile(path, backend.MaxEncryptedSize)
		if err != nil {
			return
		}
		if _, err := now.Open(text, nil); !errors.Is(err, backend.ErrAuth) {
			return
		}
		if _, err := withPrevious.Open(text, nil); err == nil {
			need = append(need, env.Display(path))
		}
	})
	return need
}

func (a *app) forgetPrevious(ctx context.Context, o rekeyOptions) error {
	c, key, _, err := a.findKey(ctx)
	if err != nil {
		return err
	}
	path := c.PreviousPath()
	if !fileExists(path) {
		a.note("no previous key is kept")
		return nil
	}
	if files := needPrevious(c.Config, key); len(files) > 0 && !o.force {
		return &codeError{&hintError{
			fmt.Errorf("%d files open with a previous key alone: %s", len(files), strings.Join(files, ", ")),
			fmt.Sprintf("%s rekey --files %s takes it along; --force gives it up", a.name, quote(files[0])),
		}, exitPolicy}
	}
	if err := durable.Remove(path); err != nil {
		return err
	}
	a.note("%s is removed: tokens, files and commits from before the last rekey open no more", sanitize(c.Display(path)))
	return nil
}
