package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
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
environment that has the same key from there. All change in one step: killed at
any moment, the next command finishes the work or undoes it.

The old key is kept, encrypted under the new one, in credentials.previous.enc, so
that older tokens, files and commits still open, until --forget-previous.

--leaver also lists the names of all secrets, and the further files, that the old
key opened: a person who left has seen them, so change them where they are used.`,
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
	flags.BoolVar(&o.all, "all", false, "change the key of every environment; with --forget-previous, forget those of every environment")
	flags.BoolVar(&o.leaver, "leaver", false, "list the names of the secrets and files that the old key opened")
	flags.BoolVar(&o.forget, "forget-previous", false, "remove the previous keys, once nothing needs them")
	flags.BoolVar(&o.json, "json", false, "print JSON with the source of the new key, the files under it and those that only a previous key opens")
	flags.BoolVarP(&o.force, "force", "f", false, "with --forget-previous: even if files still need them")
	return cmd
}

type rekeyOptions struct {
	files  []string
	all    bool
	leaver bool
	forget bool
	force  bool
	json   bool

	// saving, if not nil, goes around the source that keeps the new key.
	saving func(keysource.Saver, keysource.Key) keysource.Saver

	owner map[string]string // with --all, the environment whose key opens a file of --files
}

// rekeyed is what became of one key, as --json prints it.
type rekeyed struct {
	Environments  []string `json:"environments"`
	Source        string   `json:"source"` // that keeps the new key
	KeyID         string   `json:"key_id"`
	PreviousKeyID string   `json:"previous_key_id,omitempty"` // none where an earlier rekey was finished
	Files         []string `json:"files"`                     // under the new key, documents in stores with them
	Left          []string `json:"left"`                      // files that a previous key alone opens
	Seen          []string `json:"seen,omitempty"`            // with --leaver: names of secrets, and files
}

func (a *app) rekey(ctx context.Context, o rekeyOptions) error {
	all, err := a.rekeyAll(ctx, o)
	if o.json && (err == nil || len(all) > 0) { // what is done is told, whatever failed then
		err = errors.Join(err, a.printJSON(struct {
			SchemaVersion int       `json:"schema_version"`
			Keys          []rekeyed `json:"keys"`
		}{schemaVersion, append([]rekeyed{}, all...)}))
	}
	return err
}

// rekeyAll changes the key of each environment that is meant. What it returns is
// done even if it fails.
func (a *app) rekeyAll(ctx context.Context, o rekeyOptions) ([]rekeyed, error) {
	a.fresh = true // of a store's document no copy will do
	c, err := a.resolve()
	if err != nil {
		return nil, err
	}
	if err := a.recover(ctx, c); err != nil {
		return nil, err
	}
	var all []rekeyed
	todo := []string{c.Environment}
	if o.all {
		todo = c.Environments
	}
	if o.all && len(o.files) > 0 {
		if o.owner, err = fileOwners(ctx, c.Config, todo, o.files); err != nil {
			return nil, err
		}
	}
	done := map[string]bool{}
	var readOnly []*config.Config
	for _, name := range todo {
		if done[name] {
			continue
		}
		env, err := c.In(name)
		if err != nil {
			return all, err
		}
		if o.all && !env.Remote() && !fileExists(env.Path()) && name == config.DefaultEnvironment {
			continue
		}
		if o.all && env.Location().ReadOnly() {
			readOnly = append(readOnly, env)
			continue
		}
		moved, err := a.rekeyOne(ctx, env, o)
		for errors.Is(err, errRekeyed) {
			if c, err = a.resolve(); err != nil {
				break
			}
			if err = a.recover(ctx, c); err != nil {
				break
			}
			if env, err = c.In(name); err == nil {
				moved, err = a.rekeyOne(ctx, env, o)
			}
		}
		if moved != nil {
			all = append(all, *moved)
			for _, m := range moved.Environments {
				done[m] = true
			}
		}
		if err != nil {
			return all, fmt.Errorf("environment %s: %w", name, err)
		}
	}
	for _, e := range readOnly {
		if !done[e.Environment] {
			a.note("note: the key of the environment %s stays as it is: %s is for reading alone", e.Environment, oneLine(e.DisplayCredentials()))
		}
	}
	return all, nil
}

// errRekeyed says that another process changed the key before we had the locks.
var errRekeyed = errors.New("another process changes the key")

// rekeyOne changes the key of an environment and of all that share it, or fails with
// errRekeyed where all is to begin again. What it returns is done even if it fails.
func (a *app) rekeyOne(ctx context.Context, env *config.Config, o rekeyOptions) (*rekeyed, error) {
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
	shared, elsewhere, err := sharing(ctx, env, old, source)
	if err == nil {
		err = refuseReadOnly(env, shared)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range shared {
		if e.Remote() { // what lies beside a document of its own
			if err := os.MkdirAll(filepath.Dir(e.Path()), 0o755); err != nil { //nolint:gosec // as git makes it
				return nil, err
			}
		}
	}
	unlock, err := config.Lock(ctx, shared)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var names []string
	var files, previous []string
	owned := ownedByOthers(shared)
	for _, e := range shared {
		more, err := sealedFiles(e, o, owned)
		if err != nil {
			return nil, err
		}
		names = append(names, e.Environment)
		previous = append(previous, e.PreviousPath())
		files = append(files, more...)
	}
	if now, err := keys.Load(ctx); err == nil && !now.Equal(old) || fileExists(env.Journal()) {
		return nil, errRekeyed
	}
	// The previous keys move in a way of their own, whatever a pattern takes in.
	files = slices.DeleteFunc(files, func(f string) bool { return slices.Contains(previous, f) })
	slices.Sort(files)
	files = slices.Compact(files)
	seen, err := namesSeen(ctx, shared, o.leaver)
	if o.leaver {
		seen = append(seen, filesSeen(shared, files)...)
	}
	if err != nil {
		return nil, err
	}
	// A store has to take a save before anything is changed.
	behind, err := readyStores(ctx, shared, old)
	if err != nil {
		return nil, err
	}
	if len(behind) > 0 {
		stored, err := a.finishStores(ctx, behind, old, o)
		if err != nil || o.saving == nil {
			need, _ := needPrevious(env, old)
			r := &rekeyed{Environments: names, Source: source.Name(), KeyID: old.ID(), Files: append([]string{}, stored...), Left: append([]string{}, need...)}
			if o.leaver {
				r.Seen = append(seen, r.Left...)
			}
			if err != nil {
				return r, err
			}
			a.noteWriters(shared, o)
			return r, a.tellSeen(r, o)
		}
	}
	if o.saving != nil {
		saver = o.saving(saver, old)
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
	word := "environment"
	if len(names) > 1 {
		word = "environments"
	}
	a.note("%s has the new key %s (%s %s); the old one was %s", oneLine(source.Name()), next.ID(), word, strings.Join(names, ", "), old.ID())
	r := &rekeyed{Environments: names, Source: source.Name(), KeyID: next.ID(), PreviousKeyID: old.ID(), Files: []string{}, Left: []string{}}
	for _, f := range files {
		a.note("%s is encrypted under the new key", oneLine(env.Display(f)))
		r.Files = append(r.Files, env.Display(f))
	}
	for _, note := range elsewhere {
		a.note("note: %s", note)
	}
	a.noteUnwritten(shared)
	stored, err := a.resealStored(ctx, shared, o)
	r.Files = append(r.Files, stored...)
	need, _ := needPrevious(env, next)
	r.Left = append(r.Left, need...)
	if o.leaver { // what stays under the old key was no less open to them
		r.Seen = append(seen, r.Left...)
	}
	if err != nil {
		return r, err
	}
	a.noteLeftBehind(r.Left)
	a.noteCopies(env)
	a.noteWriters(shared, o)
	return r, a.tellSeen(r, o)
}

// tellSeen prints what the old key opened, for --leaver.
func (a *app) tellSeen(r *rekeyed, o rekeyOptions) error {
	if len(r.Seen) == 0 || o.json {
		return nil
	}
	a.note("whoever had the old key has seen these; change them where they are used:")
	var lines strings.Builder
	for _, s := range r.Seen {
		lines.WriteString(oneLine(s) + "\n")
	}
	return a.print([]byte(lines.String()))
}

// sharing are the environments whose key is old and comes from the same source, env
// among them, and what is to be said of those that have it elsewhere: their source would
// still have the old key, so they stay as they are.
func sharing(ctx context.Context, env *config.Config, old keysource.Key, source keysource.Source) (shared []*config.Config, elsewhere []string, err error) {
	shared = []*config.Config{env}
	for _, name := range env.Environments {
		if name == env.Environment {
			continue
		}
		other, err := env.In(name)
		if err != nil {
			return nil, nil, err
		}
		if !other.Remote() && !fileExists(other.Path()) {
			continue
		}
		keys, err := other.Sources()
		if err != nil {
			continue // its key is not to be had here, so it is not this one
		}
		switch k, s, err := keys.Find(ctx); {
		case err != nil || !k.Equal(old):
		case s.Name() == source.Name():
			shared = append(shared, other)
		default:
			elsewhere = append(elsewhere, fmt.Sprintf("environment %s has the same key in %s and keeps it: --env %s changes that", name, oneLine(s.Name()), quote(name)))
		}
	}
	return shared, elsewhere, nil
}

// ownedByOthers are the files of the environments that are not among those whose key
// changes, by their paths: a document moves with its environment's key alone, or that
// environment could not open it any more.
func ownedByOthers(envs []*config.Config) map[string]string {
	owned := map[string]string{}
	for _, name := range envs[0].Environments {
		other, err := envs[0].In(name)
		if err != nil || slices.ContainsFunc(envs, func(e *config.Config) bool { return e.Environment == name }) {
			continue
		}
		for _, path := range []string{other.Path(), other.LocalPath(), other.PreviousPath()} {
			owned[path] = name
		}
	}
	for _, e := range envs { // two environments may have one document
		for _, path := range []string{e.Path(), e.LocalPath(), e.PreviousPath()} {
			delete(owned, path)
		}
	}
	return owned
}

// sealedFiles are the encrypted files of an environment that rekey moves. What the
// patterns stand for may be owned by other environments, and stays then.
func sealedFiles(e *config.Config, o rekeyOptions, owned map[string]string) ([]string, error) {
	var files []string
	if !e.Remote() {
		if !fileExists(e.Path()) {
			return nil, fmt.Errorf("%s: %w", e.Display(e.Path()), backend.ErrNoVault)
		}
		files = append(files, e.Path())
	}
	if fileExists(e.LocalPath()) {
		files = append(files, e.LocalPath())
	}
	for i, p := range append(slices.Clone(o.files), e.Files...) {
		named := i < len(o.files)
		matches, err := matching(e, p, named)
		if err != nil {
			return nil, err
		}
		for _, m := range matches {
			another := named && o.owner != nil && o.owner[m] != e.Environment
			owner, isOwned := owned[m]
			if isOwned && named && !another && m == filepath.Join(e.Root, p) {
				return nil, &codeError{&hintError{
					fmt.Errorf("%s: it belongs to the environment %s, whose key does not change", e.Display(m), owner),
					"--env " + quote(owner) + " changes that one's",
				}, exitPolicy}
			}
			if !another && !isOwned {
				files = append(files, m)
			}
		}
	}
	return files, nil
}

// matching are the files that a pattern stands for; one that the user named has
// to stand for some.
func matching(e *config.Config, pattern string, named bool) ([]string, error) {
	matches, err := filepath.Glob(filepath.Join(escapeGlob(e.Root), pattern))
	if err != nil {
		return nil, &usageError{msg: fmt.Sprintf("%q is not a pattern of file names", pattern)}
	}
	for _, m := range matches {
		if rel, err := filepath.Rel(e.Root, m); !named && err == nil {
			if err := e.Inside(rel); err != nil { // a wildcard can stand for a link
				return nil, err
			}
		}
	}
	if len(matches) == 0 && named {
		return nil, &codeError{fmt.Errorf("no file matches %q", pattern), exitNotFound}
	}
	return matches, nil
}

// fileOwners finds the environment whose key opens each of the files, before
// anything is changed.
func fileOwners(ctx context.Context, c *config.Config, environments, patterns []string) (map[string]string, error) {
	owner := map[string]string{}
	for _, p := range patterns {
		matches, err := matching(c, p, true)
		if err != nil {
			return nil, err
		}
		for _, m := range matches {
			owner[m] = ""
		}
	}
	for _, name := range environments { // a document is its environment's, whatever opens it
		if env, err := c.In(name); err == nil {
			for _, path := range []string{env.Path(), env.LocalPath()} {
				if _, ok := owner[path]; ok {
					owner[path] = name
				}
			}
		}
	}
	for _, name := range environments {
		env, err := c.In(name)
		if err != nil {
			return nil, err
		}
		options, err := env.Options()
		if err != nil {
			return nil, err
		}
		cipher, err := backend.FindKey(ctx, options)
		if err != nil {
			continue // that environment's turn tells it
		}
		for path, known := range owner {
			if known != "" {
				continue
			}
			if content, err := cipher.OpenContent(ctx, path, backend.FileOptions{}); err == nil {
				_ = content.Close()
				owner[path] = name
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(owner)) {
		if owner[path] == "" && path != c.PreviousPath() {
			return nil, &codeError{fmt.Errorf("%s: the key of no environment opens it; nothing is changed", c.Display(path)), exitCorrupt}
		}
	}
	return owner, nil
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
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names, nil
}

// filesSeen are the encrypted files that are no documents of the environments, as
// a leaver's list has them.
func filesSeen(envs []*config.Config, files []string) []string {
	var seen []string
	for _, f := range files {
		document := slices.ContainsFunc(envs, func(e *config.Config) bool { return f == e.Path() || f == e.LocalPath() })
		if !document {
			seen = append(seen, envs[0].Display(f))
		}
	}
	return seen
}

// noteLeftBehind says which encrypted files only a previous key opens.
func (a *app) noteLeftBehind(files []string) {
	if len(files) > 0 {
		a.note("note: %s can be opened with the previous key alone: %s", count(len(files), "more file"), oneLine(strings.Join(files, ", ")))
		a.note("note: %s rekey --files PATTERN takes such files along", a.name)
	}
}

// noteCopies says that a copy for an emergency, of which no command knows where it is,
// has to be made anew.
func (a *app) noteCopies(env *config.Config) {
	a.note("copies of the old key elsewhere open nothing new any more: %s key copy%s --to file:PATH makes a new one", a.name, inEnvironment(env))
}

// needPrevious finds the encrypted files that the key does not open but a
// previous one does, and what this user may not read to find out.
func needPrevious(env *config.Config, key keysource.Key) (need, unread []string) {
	now, err := backend.NewCipher(key)
	if err != nil {
		return nil, nil
	}
	keys, err := now.PreviousKeys(env.PreviousPath())
	if err != nil {
		return nil, nil
	}
	withPrevious, err := backend.NewCipher(key, keys...)
	if err != nil {
		return nil, nil
	}
	opens := func(c *backend.Cipher, path string) error {
		content, err := c.OpenContent(context.Background(), path, backend.FileOptions{})
		if err == nil {
			_ = content.Close()
		}
		return err
	}
	dirs := walkEncrypted(env.Root, func(path string) {
		switch err := opens(now, path); {
		case errors.Is(err, fs.ErrPermission):
			unread = append(unread, env.Display(path))
		case errors.Is(err, backend.ErrAuth) && opens(withPrevious, path) == nil && !opensElsewhere(env, path):
			need = append(need, env.Display(path))
		}
	})
	for _, dir := range dirs {
		unread = append(unread, env.Display(dir))
	}
	return need, unread
}

// opensElsewhere reports whether a file is another environment's document and that one's
// own key opens it.
func opensElsewhere(env *config.Config, path string) bool {
	owner, ok := ownedByOthers([]*config.Config{env})[path]
	if !ok {
		return false
	}
	other, err := env.In(owner)
	if err != nil {
		return false
	}
	keys, err := other.Sources()
	if err != nil {
		return false
	}
	key, _, err := keys.Find(context.Background())
	if err != nil {
		return false
	}
	c, err := backend.NewCipher(key)
	if err != nil {
		return false
	}
	content, err := c.OpenContent(context.Background(), path, backend.FileOptions{})
	if err != nil {
		return false
	}
	_ = content.Close()
	return true
}

func (a *app) forgetPrevious(ctx context.Context, o rekeyOptions) error {
	removed, err := a.forgetAll(ctx, o)
	if o.json && (err == nil || len(removed) > 0) {
		err = errors.Join(err, a.printJSON(struct {
			SchemaVersion int      `json:"schema_version"`
			Removed       []string `json:"removed"`
		}{schemaVersion, append([]string{}, removed...)}))
	}
	return err
}

// forgetAll removes the previous keys of each environment that is meant, and
// returns the files that are gone even if it fails.
func (a *app) forgetAll(ctx context.Context, o rekeyOptions) ([]string, error) {
	a.fresh = true // a copy may be older than what the store has
	c, err := a.resolve()
	if err != nil {
		return nil, err
	}
	if err := a.recover(ctx, c); err != nil {
		return nil, err
	}
	todo := []string{c.Environment}
	if o.all {
		todo = c.Environments
	}
	var removed []string
	for _, name := range todo {
		env, err := c.In(name)
		if err != nil {
			return removed, err
		}
		if !fileExists(env.PreviousPath()) {
			continue
		}
		err = a.forgetPreviousOf(ctx, env, o)
		if err != nil && len(todo) == 1 {
			return removed, err
		}
		if err != nil {
			return removed, fmt.Errorf("environment %s: %w", name, err)
		}
		removed = append(removed, env.Display(env.PreviousPath()))
	}
	if len(removed) == 0 {
		a.note("no previous key is kept")
	}
	return removed, nil
}

func (a *app) forgetPreviousOf(ctx context.Context, c *config.Config, o rekeyOptions) error {
	// Of a rekey meanwhile, the key before it would be gone at once.
	unlock, err := config.Lock(ctx, []*config.Config{c})
	if err != nil {
		return err
	}
	defer unlock()
	if fileExists(c.Journal()) {
		return &codeError{&hintError{errRekeyed, "try again"}, exitConflict}
	}
	keys, err := c.Sources()
	if err != nil {
		return err
	}
	key, err := keys.Load(ctx)
	if err != nil {
		return err
	}
	path := c.PreviousPath()
	switch files, unread := needPrevious(c, key); {
	case o.force:
	case len(files) > 0:
		hint := a.name + " rekey --files " + quote(files[0]) + " takes it along"
		for path, name := range ownedByOthers([]*config.Config{c}) {
			if c.Display(path) == files[0] {
				hint = "it belongs to the environment " + name + ": bring that one's key here, if it opens it"
			}
		}
		return &codeError{&hintError{
			fmt.Errorf("%s can be opened with a previous key alone: %s", count(len(files), "file"), strings.Join(files, ", ")),
			hint + "; --force gives it up",
		}, exitPolicy}
	case len(unread) > 0:
		return &codeError{&hintError{
			fmt.Errorf("this user may not read %s, which a previous key alone may open", strings.Join(unread, ", ")),
			"ask its owner to do it; --force gives it up",
		}, exitPolicy}
	}
	if !o.force {
		if err := a.refuseForgetting(ctx, c, key); err != nil {
			return err
		}
	}
	if err := durable.Remove(path); err != nil {
		return err
	}
	a.note("%s is removed: tokens, files and commits from before the last rekey open no more", oneLine(c.Display(path)))
	return nil
}
