package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
)

// maxLeaks is how many lines leaks prints for a person.
const maxLeaks = 100

type leakOptions struct{ staged, history, earlier, json bool }

func (a *app) leaksCommand() *cobra.Command {
	var o leakOptions
	cmd := &cobra.Command{
		Use:   "leaks [PATH... | --staged | --history]",
		Short: "Find values of the vault in files, in the index, or in git's history",
		Long: `Search files (the vault's directory if no PATH is named) for the master keys and for
every value of every environment, as it is and in base64, hex, escaped for JSON, a
URL or a shell. What is found is named, with its place; no value is printed. The
exit code is 7 if anything is found.

--staged searches all that git tracks, as it is staged. --history searches every
version of every file and every message that a branch or a tag leads to, also for
values that the vault had in earlier commits, and names the first commit. --earlier
searches files or the index for those values too.

Values of less than 8 characters, single words, numbers, dates and addresses would
be found everywhere. They are left out, and named.`,
		Example: "  " + a.name + " leaks\n  " + a.name + " leaks dist public\n  " + a.name + " leaks --history",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.leaks(cmd.Context(), args, o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.staged, "staged", false, "search what is in git's index")
	flags.BoolVar(&o.history, "history", false, "search all that git's branches and tags lead to")
	flags.BoolVar(&o.earlier, "earlier", false, "search also for the values that earlier commits of the vault have")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

func (a *app) leaks(ctx context.Context, args []string, o leakOptions) error {
	if (o.staged || o.history) && len(args) > 0 || o.staged && o.history {
		return &usageError{msg: "leaks searches either PATHs, or --staged, or --history", hint: a.name + " leaks --history"}
	}
	c, err := a.resolve()
	if err != nil {
		return err
	}
	keys, err := vaultkeys.Find(ctx, c.Config)
	if err != nil {
		return err
	}
	k := newKnown()
	k.addVault(ctx, keys)
	if len(k.secrets) == 0 && len(k.failed) > 0 {
		return a.nothingKnown(ctx)
	}
	r, err := gitrepo.Find(ctx, c.Root, environWithoutKeys(c.Config))
	if err != nil && (o.staged || o.history || o.earlier || !errors.Is(err, gitrepo.ErrNone)) {
		return &codeError{&hintError{err, a.name + " leaks searches the files that are here; git init makes a repository"}, exitNotFound}
	}
	if o.history || o.earlier {
		if err := k.addHistory(ctx, r, keys); err != nil {
			return err
		}
	}
	var found *result
	switch {
	case o.history:
		a.tellKnown(k, o.json)
		found, err = scanHistory(ctx, r, k.patterns())
	case o.staged:
		a.tellKnown(k, o.json)
		var entries []gitrepo.Entry
		if entries, err = r.Tracked(ctx); err == nil {
			found, err = scanEntries(ctx, r, k.patterns(), entries)
		}
	default:
		a.tellKnown(k, o.json)
		if len(args) == 0 {
			args = []string{c.Display(c.Root)}
		}
		found, err = scanTree(ctx, k.patterns(), args)
		if errors.Is(err, fs.ErrNotExist) {
			return &codeError{&hintError{err, a.name + " leaks alone searches the vault's directory; leaks --history searches files that are gone"}, exitNotFound}
		}
		if err == nil {
			err = found.mindGit(ctx, r, keys)
		}
	}
	if err != nil {
		return err
	}
	return a.tellLeaks(k, found, o)
}

// nothingKnown is the error of the environment that is asked for, which has no key.
func (a *app) nothingKnown(ctx context.Context) error {
	if _, _, err := a.read(ctx); err != nil {
		return err
	}
	return &codeError{errors.New("no environment has a value to search for"), exitNotFound}
}

// tellKnown says what is not searched for.
func (a *app) tellKnown(k *known, asJSON bool) {
	for _, f := range k.failed {
		a.note("note: the values of %s are not searched for: %s", f.Environment, sanitize(f.Why))
	}
	var names []secretName
	for _, s := range k.skipped {
		if s.Why != notSecret { // whoever wrote that knows it
			names = append(names, s.secretName)
		}
	}
	if len(names) > 0 && !asJSON {
		a.note("note: too short or too common to be searched for: %s", sanitize(nameList(names)))
	}
}

func (a *app) tellLeaks(k *known, found *result, o leakOptions) error {
	for _, why := range found.unread {
		a.note("note: not searched: %s", sanitize(why))
	}
	var err error
	if o.json {
		err = a.printJSON(struct {
			SchemaVersion int                 `json:"schema_version"`
			OK            bool                `json:"ok"`
			Leaks         []*leak             `json:"leaks"`
			Skipped       []skippedSecret     `json:"skipped"` // values that are not searched for
			Failed        []failedEnvironment `json:"failed"`  // environments that do not open
			Unread        []string            `json:"unread"`
			Files         int                 `json:"files"`
			Bytes         int64               `json:"bytes"`
		}{schemaVersion, len(found.leaks) == 0, notNil(found.leaks), notNil(k.skipped), notNil(k.failed), notNil(found.unread), found.files, found.bytes})
	} else {
		err = a.print(leakLines(found.leaks))
	}
	switch {
	case err != nil:
		return err
	case len(found.leaks) == 0:
		a.note("no leak in %s, %s", found.searched(), megabytes(found.bytes))
		return nil
	}
	return &codeError{&hintError{fmt.Errorf("%s in %s", count(len(found.leaks), "leak"), found.searched()),
		"a value that others may have seen has to be changed where it is used; then set the new one"}, exitInvalid}
}

func leakLines(leaks []*leak) []byte {
	var b strings.Builder
	for i, l := range leaks {
		if i == maxLeaks {
			fmt.Fprintf(&b, "and %d more; --json prints all\n", len(leaks)-i)
			break
		}
		b.WriteString(l.String() + "\n")
	}
	return []byte(b.String())
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func megabytes(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%d kB", (n+999)/1000)
	}
	return fmt.Sprintf("%d MB", n/1e6)
}

// mindGit leaves out the key in its own file, unless git tracks that, and marks
// what git ignores. r may be nil.
func (r *result) mindGit(ctx context.Context, repo *gitrepo.Repo, keys []*vaultkeys.Environment) error {
	if len(r.leaks) == 0 {
		return nil
	}
	tracked := map[string]bool{}
	var submodules []string // whose files git asks of another index, and check-ignore fails for
	inRepo := func(path string) string { return path }
	if repo != nil {
		entries, err := repo.Tracked(ctx)
		if err != nil {
			return err
		}
		for _, e := range entries {
			tracked[e.Path] = true
			if e.Mode == gitrepo.ModeSubmodule {
				submodules = append(submodules, filepath.Join(repo.Top, filepath.FromSlash(e.Path)))
			}
		}
		inRepo = func(path string) string {
			abs, err := filepath.Abs(path)
			if err == nil {
				abs, err = filepath.EvalSymlinks(abs)
			}
			in := func(dir string) bool { return within(dir, abs) }
			if err != nil || !in(repo.Top) || slices.ContainsFunc(submodules, in) {
				return ""
			}
			rel, _ := filepath.Rel(repo.Top, abs)
			return filepath.ToSlash(rel)
		}
	}
	files := vaultkeys.KeyFiles(keys)
	r.leaks = slices.DeleteFunc(r.leaks, func(l *leak) bool {
		abs, err := filepath.Abs(l.Path)
		return err == nil && l.Secrets[0].Name == masterKey && slices.Contains(files, abs) && !tracked[inRepo(l.Path)]
	})
	if repo == nil {
		return nil
	}
	var paths []string
	for _, l := range r.leaks {
		if p := inRepo(l.Path); p != "" && !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	ignored, err := repo.Ignored(ctx, paths)
	for _, l := range r.leaks {
		l.Ignored = ignored[inRepo(l.Path)]
	}
	return err
}

// addHistory adds the values that earlier commits of the vault's files have.
func (k *known) addHistory(ctx context.Context, r *gitrepo.Repo, keys []*vaultkeys.Environment) error {
	of := map[string]*vaultkeys.Environment{}
	var paths []string
	for _, e := range keys {
		if e.Cipher == nil {
			continue
		}
		if path, ok := pathInRepo(r, e.Path()); ok {
			of[path] = e
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	owner := map[string]*vaultkeys.Environment{}
	var blobs []gitrepo.Entry
	err := r.Changes(ctx, paths, func(c gitrepo.Change) bool {
		if owner[c.ID] == nil {
			owner[c.ID] = of[c.Path]
			blobs = append(blobs, c.Entry)
		}
		return true
	})
	if err != nil || len(blobs) == 0 {
		return err
	}
	return r.Contents(ctx, ids(blobs), func(o gitrepo.Object, content io.Reader) error {
		if o.Type != "blob" || o.Size > maxDocument {
			return nil
		}
		blob, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		_ = k.addDocument(owner[o.ID], blob, true) // one that does not open is of another key
		return nil
	})
}

// maxDocument is the largest sealed document that is opened for its values, in bytes.
const maxDocument = 64 << 20

// pathInRepo is how git calls a path in its work tree.
func pathInRepo(r *gitrepo.Repo, path string) (string, bool) {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(r.Top, filepath.Join(dir, filepath.Base(path)))
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}
