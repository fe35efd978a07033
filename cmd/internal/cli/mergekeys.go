package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
	"github.com/flask-vault/flask-vault/keysource"
)

// mergeVault is what a merge of one encrypted file needs: its environment, and
// the keys that open its versions.
type mergeVault struct {
	*vault
	name string // of the program, for hints
	top  string // the work tree
	path string // of the file, from top, with slashes

	key      keysource.Key
	current  *backend.Cipher // of the key alone: what is written
	all      *backend.Cipher // with every previous key that was found
	previous []keysource.Key
}

// mergeConfig finds the environment that a file of the work tree belongs to. Where
// flask-vault.yaml does not name the file, that is the one asked for, and named is
// false.
func (a *app) mergeConfig(top, path string) (c *config.Config, named bool, err error) {
	full := filepath.Join(top, filepath.FromSlash(path))
	a.overrides.Plugins = a.pluginOptions()
	a.overrides.Dir = filepath.Dir(full)
	for a.overrides.Dir != top && !fileExists(a.overrides.Dir) {
		a.overrides.Dir = filepath.Dir(a.overrides.Dir)
	}
	if c, err = config.Resolve(a.overrides); err != nil {
		return nil, false, err
	}
	return environmentOf(c, full)
}

// mergeVault finds the environment that a file of the work tree belongs to, and its
// key. It is errForeign for what is no encrypted file, and is not named as one.
//
// The id that flask-vault.yaml records is not asked for: that file can be from before
// or after a rekey that the other side has.
func (a *app) mergeVault(ctx context.Context, top, path string, sealed mergeVersions) (*mergeVault, error) {
	c, named, err := a.mergeConfig(top, path)
	if err != nil {
		return nil, err
	}
	if !named && sealed.foreign() {
		return nil, errForeign
	}
	if !named && len(c.Environments) > 1 {
		c = environmentThatOpens(ctx, c, sealed)
	}
	o, err := c.Options()
	if err != nil {
		return nil, err
	}
	m := &mergeVault{vault: &vault{c, o}, name: a.name, top: top, path: path}
	if m.key, _, err = o.Keys.Find(ctx); err != nil {
		return nil, err
	}
	if m.current, err = backend.NewCipher(m.key); err != nil {
		return nil, err
	}
	if m.current.ReadOnly() {
		return nil, fmt.Errorf("%s: %w", path, backend.ErrReadOnlyKey)
	}
	m.all = m.current
	previous, err := durable.ReadFile(c.PreviousPath(), backend.MaxDocument)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return m, m.learn(previous)
}

// errForeign is of a file of another program that has a name like ours.
var errForeign = errors.New("it is not an encrypted file of flask-vault's")

// environmentOf is the environment whose file that is: its credentials, its local
// file or its previous keys, else one whose files: name it, else the one asked for.
func environmentOf(c *config.Config, path string) (found *config.Config, named bool, err error) {
	for _, name := range c.Environments {
		e, err := c.In(name)
		if err != nil {
			return nil, false, err
		}
		if path == e.Path() || path == e.LocalPath() || path == e.PreviousPath() {
			return e, true, nil
		}
		rel, err := filepath.Rel(e.Root, path)
		if err != nil || found != nil {
			continue
		}
		for _, pattern := range e.Files {
			if ok, _ := filepath.Match(pattern, rel); ok {
				found = e
			}
		}
	}
	if found != nil {
		return found, true, nil
	}
	return c, false, nil
}

// environmentThatOpens is the environment whose key opens a side of a merge, the one
// asked for first; that one where none does.
func environmentThatOpens(ctx context.Context, c *config.Config, sealed mergeVersions) *config.Config {
	all, err := vaultkeys.List(c)
	if err != nil {
		return c
	}
	slices.SortStableFunc(all, func(x, y *vaultkeys.Environment) int {
		other := func(e *vaultkeys.Environment) int {
			return map[bool]int{true: 0, false: 1}[e.Environment == c.Environment]
		}
		return other(x) - other(y)
	})
	for _, e := range all {
		if e.Err != nil || e.Ask(ctx, e.Options.Keys) != nil {
			continue
		}
		for _, side := range [][]byte{sealed.ours, sealed.theirs} {
			if _, err := e.Open(side); err == nil {
				return e.Config
			}
		}
	}
	return c
}

// know adds a key to those that open.
func (m *mergeVault) know(k keysource.Key) (err error) {
	if k.Equal(m.key) || slices.ContainsFunc(m.previous, k.Equal) {
		return nil
	}
	m.previous = append(m.previous, k)
	m.all, err = backend.NewCipher(m.key, m.previous...)
	return err
}

// learn takes the previous keys that sealed files hold, as far as they open, until
// none opens another.
func (m *mergeVault) learn(sealed ...[]byte) error {
	for known := -1; known < len(m.previous); {
		known = len(m.previous)
		for _, s := range sealed {
			keys, err := m.all.OpenKeys(s)
			if err != nil {
				continue // of a key that is not here, or no keys
			}
			for _, k := range keys {
				if err := m.know(k); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// learnFromHistory looks for previous keys in every version of their file that git
// has: the other side's can be the only one that the present key opens.
func (m *mergeVault) learnFromHistory(ctx context.Context) error {
	rel, err := filepath.Rel(m.top, m.PreviousPath())
	if err != nil {
		return err
	}
	args := []string{"log", "--all", "--reflog", "-m", "--format=", "--raw", "--no-abbrev", "--no-renames"}
	args = append(args, m.heads(ctx)...)
	out, err := m.git(ctx, append(args, "--", filepath.ToSlash(rel))...)
	if err != nil {
		return err
	}
	var ids []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 4 {
			ids = append(ids, f[2], f[3])
		}
	}
	slices.Sort(ids)
	var sealed [][]byte
	for _, id := range slices.Compact(ids) {
		if blob, err := m.git(ctx, "cat-file", "blob", id); err == nil {
			sealed = append(sealed, blob)
		}
	}
	return m.learn(sealed...)
}

// heads are the commits that git works on beside those that branches name.
func (m *mergeVault) heads(ctx context.Context) []string {
	heads := []string{"HEAD"}
	for _, name := range []string{"FETCH_HEAD", "MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"} {
		if _, err := m.git(ctx, "rev-parse", "--quiet", "--verify", name); err == nil {
			heads = append(heads, name)
		}
	}
	for _, entry := range os.Environ() { // what git merge was asked to merge
		if id, ok := strings.CutPrefix(entry, "GITHEAD_"); ok {
			id, _, _ = strings.Cut(id, "=")
			heads = append(heads, id)
		}
	}
	return heads
}

// git runs git in the work tree.
func (m *mergeVault) git(ctx context.Context, args ...string) ([]byte, error) {
	return runGit(ctx, m.top, m.options, args...)
}

// runGit runs git in a directory and returns what it prints.
func runGit(ctx context.Context, dir string, o backend.Options, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = withoutKeys(cmd.Environ(), o)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		said, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		return out, &gitrepo.Error{Command: "git " + args[0], Said: strings.TrimPrefix(said, "fatal: "), Err: err}
	}
	return out, nil
}

// versions are the sealed texts of a merge, and what they hold.
type mergeVersions struct{ base, ours, theirs []byte }

// foreign reports whether no version is an encrypted file.
func (v mergeVersions) foreign() bool {
	for _, blob := range [][]byte{v.base, v.ours, v.theirs} {
		if len(blob) > 0 && vaultkeys.Fault(blob) == "" {
			return false
		}
	}
	return true
}

// openVersions opens all three versions, with the previous keys of the whole
// history if need be.
func (m *mergeVault) openVersions(ctx context.Context, sealed mergeVersions) (plain mergeVersions, err error) {
	searched := false
	for _, v := range []struct {
		who    string
		sealed []byte
		plain  *[]byte
	}{
		{"the version that both sides began with", sealed.base, &plain.base},
		{"our version", sealed.ours, &plain.ours},
		{"their version", sealed.theirs, &plain.theirs},
	} {
		if len(v.sealed) == 0 && v.plain == &plain.base {
			continue // both sides added the file
		}
		*v.plain, err = m.all.Open(v.sealed, nil)
		if errors.Is(err, backend.ErrAuth) && !searched {
			searched = true
			if err := m.learnFromHistory(ctx); err != nil {
				return plain, err
			}
			*v.plain, err = m.all.Open(v.sealed, nil)
		}
		switch {
		case errors.Is(err, backend.ErrAuth):
			return plain, &codeError{&hintError{
				fmt.Errorf("%s: %s is encrypted under another key than %s, which is the one here; this merge needs the new key that a rekey made", m.path, v.who, m.key.ID()),
				fmt.Sprintf("get the new key from who ran rekey and put it where %s was; %s git resolve %s then merges; the file has our version until then", m.key.ID(), m.name, quote(m.path)),
			}, exitWrongKey}
		case err != nil:
			return plain, fmt.Errorf("%s: %s: %w", m.path, v.who, err)
		}
	}
	return plain, nil
}
