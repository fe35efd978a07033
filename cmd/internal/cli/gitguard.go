package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/cmd/internal/forms"
	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
	"github.com/flask-vault/flask-vault/keysource"
)

// guardTime is how long a commit waits for the guard. A gigabyte takes a few seconds.
const guardTime = 2 * time.Minute

func (a *app) gitGuardCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "guard",
		Short: "Refuse secrets in what is staged",
		Long: `Look at what git commit would add or change, as it is staged, and end with 7 if
there is among it

  a key file, by its place, its name, or its content: a key and nothing else
  a plaintext whose encrypted file git tracks (FILE beside FILE.enc)
  an encrypted file that is none, or that no key of the vault opens
  a text with a value of any environment or a key, as it is or in base64, hex,
  escaped for JSON, a URL or a shell

It is the pre-commit hook of git enroll, and a check for CI. Without a key it
checks what can be checked without, and says what it did not check.`,
		Example: "  " + a.name + " git guard --staged",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.guard(cmd.Context(), asJSON)
		},
	}
	cmd.Flags().Bool("staged", true, "look at what is staged; there is nothing else to look at")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// danger is something that must not be committed.
type danger struct {
	Path string `json:"path"`
	Line int    `json:"line,omitempty"`
	What string `json:"what"`
}

// guard is one look at the index.
type guard struct {
	repo    *gitrepo.Repo
	keys    []*vaultkeys.Environment
	known   *known
	entries []gitrepo.Entry
	dangers []danger
	notes   []string // what was not checked
}

func (a *app) guard(ctx context.Context, asJSON bool) error {
	a.noInput = true // a commit may come from a program that has no terminal
	ctx, cancel := context.WithTimeout(ctx, guardTime)
	defer cancel()
	c, err := a.resolve()
	if err != nil {
		return err
	}
	g := &guard{known: newKnown()}
	if g.repo, _, err = a.repo(ctx, c); err != nil {
		return err
	}
	err = g.look(ctx, a, c.Config)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		g.notes, err = append(g.notes, "some of the files: it took too long"), nil
	}
	if err != nil {
		return err
	}
	return a.tellGuard(g, asJSON)
}

func (a *app) tellGuard(g *guard, asJSON bool) error {
	slices.SortStableFunc(g.dangers, func(x, y danger) int { return strings.Compare(x.Path, y.Path) })
	for _, n := range g.notes {
		a.note("note: not checked: %s", sanitize(n))
	}
	var err error
	if asJSON {
		err = a.printJSON(struct {
			SchemaVersion int      `json:"schema_version"`
			OK            bool     `json:"ok"`
			Dangers       []danger `json:"dangers"`
			NotChecked    []string `json:"not_checked"`
			Files         int      `json:"files"`
		}{schemaVersion, len(g.dangers) == 0, notNil(g.dangers), notNil(g.notes), len(g.entries)})
	} else {
		var b strings.Builder
		for _, d := range g.dangers {
			b.WriteString(showPath(d.Path))
			if d.Line > 0 {
				fmt.Fprintf(&b, ":%d", d.Line)
			}
			b.WriteString(": " + sanitize(d.What) + "\n")
		}
		err = a.print([]byte(b.String()))
	}
	if err == nil && len(g.dangers) > 0 {
		err = &codeError{&hintError{fmt.Errorf("what is staged must not be committed, for %s", count(len(g.dangers), "reason")),
			"git restore --staged FILE (or git rm --cached FILE) takes a file out; git commit --no-verify commits all the same"}, exitInvalid}
	}
	return err
}

func (g *guard) look(ctx context.Context, a *app, c *config.Config) (err error) {
	if g.entries, err = g.repo.Staged(ctx); err != nil {
		return err
	}
	g.entries = slices.DeleteFunc(g.entries, func(e gitrepo.Entry) bool { return e.Mode == gitrepo.ModeSubmodule })
	if len(g.entries) == 0 {
		return nil
	}
	vaults, err := g.vaults(ctx, a, c)
	if err != nil {
		return err
	}
	for _, v := range vaults {
		keys, err := vaultkeys.Find(ctx, v)
		if err != nil {
			return err
		}
		g.known.addVault(ctx, keys)
		g.keys = append(g.keys, keys...)
	}
	for _, f := range g.known.failed {
		g.notes = append(g.notes, "the values of "+f.Environment+": "+f.Why)
	}
	if err := g.knowCommits(ctx); err != nil {
		return err
	}
	if err := g.twins(ctx); err != nil {
		return err
	}
	return g.contents(ctx)
}

// vaults are the one that the command is in, and those that were enrolled.
func (g *guard) vaults(ctx context.Context, a *app, c *config.Config) ([]*config.Config, error) {
	dirs, err := g.repo.Config(ctx, vaultSetting)
	if err != nil {
		return nil, err
	}
	var vaults []*config.Config
	if len(dirs) == 0 || c.File != "" || fileExists(c.Path()) { // else the hook runs above the vaults
		vaults = append(vaults, c)
	}
	for _, dir := range dirs {
		o := a.overrides
		o.Dir = filepath.Join(g.repo.Top, filepath.FromSlash(dir))
		if !fileExists(o.Dir) {
			continue // another branch is checked out
		}
		v, err := config.Resolve(o)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(vaults, func(have *config.Config) bool { return have.Root == v.Root }) {
			vaults = append(vaults, v)
		}
	}
	return vaults, nil
}

// knowCommits adds the values of the documents as the last commit has them and
// as they are staged: a value that leaves the vault may have come into a text.
func (g *guard) knowCommits(ctx context.Context) error {
	var owners []*vaultkeys.Environment
	var names []string
	for _, e := range g.keys {
		path, ok := pathInRepo(g.repo, e.Path())
		if ok && e.Cipher != nil && !strings.Contains(path, "\n") {
			owners = append(owners, e, e)
			names = append(names, "HEAD:"+path, ":"+path)
		}
	}
	i := 0
	return g.repo.Contents(ctx, slices.Values(names), func(o gitrepo.Object, content io.Reader) error {
		e := owners[i]
		i++
		if o.Type != "blob" || o.Size > maxDocument {
			return nil
		}
		blob, err := io.ReadAll(content)
		if err == nil {
			_ = g.known.addDocument(e, blob, i%2 == 1) // whether it opens is looked at below
		}
		return err
	})
}

// twins finds plaintext whose encrypted file git tracks.
func (g *guard) twins(ctx context.Context) error {
	tracked, err := g.repo.Tracked(ctx)
	if err != nil {
		return err
	}
	sealed := map[string]string{}
	for _, e := range tracked {
		if plain, ok := strings.CutSuffix(e.Path, ".enc"); ok {
			sealed[plain] = e.ID
		}
	}
	var plain, ids []string
	for _, e := range g.entries {
		if id, ok := sealed[e.Path]; ok {
			plain, ids = append(plain, e.Path), append(ids, id)
		}
	}
	i := 0
	return g.repo.Contents(ctx, slices.Values(ids), func(o gitrepo.Object, content io.Reader) error {
		name := plain[i]
		i++
		if o.Size > maxDocument {
			return nil
		}
		blob, err := io.ReadAll(content)
		if err == nil && vaultkeys.Fault(blob) == "" { // else it is some other program's .enc
			g.dangers = append(g.dangers, danger{Path: name, What: "it is the plaintext of " + path.Base(name) + ".enc"})
		}
		return err
	})
}

// contents looks at every blob that is staged.
func (g *guard) contents(ctx context.Context) error {
	keyFiles := map[string]bool{}
	for _, p := range vaultkeys.KeyFiles(g.keys) {
		if name, ok := pathInRepo(g.repo, p); ok {
			keyFiles[name] = true
		}
	}
	s := g.known.patterns().scanner()
	i := 0
	return g.repo.Contents(ctx, ids(g.entries), func(o gitrepo.Object, content io.Reader) error {
		e := g.entries[i]
		i++
		head, err := io.ReadAll(io.LimitReader(content, keysource.MaxTextSize))
		if err != nil {
			return err
		}
		rest := io.MultiReader(bytes.NewReader(head), content)
		_, err = keysource.ParseKey(head)
		switch {
		case keyFiles[e.Path], err == nil && (path.Base(e.Path) == config.KeyFile || path.Ext(e.Path) == ".key"):
			g.dangers = append(g.dangers, danger{Path: e.Path, What: "it is a key file"})
			return nil
		case strings.HasSuffix(e.Path, ".enc") && e.Mode != gitrepo.ModeSymlink:
			return g.sealed(e.Path, o.Size, rest)
		}
		leaks, err := s.scan(rest)
		for _, l := range leaks {
			g.dangers = append(g.dangers, danger{Path: e.Path, Line: l.Line, What: "it holds " + l.what()})
		}
		// The key of another vault, or of this one where it is not here.
		if n := forms.KeySize(e.Path, head); n > 0 && len(leaks) == 0 && int64(len(head)) == o.Size && e.Mode != gitrepo.ModeSymlink {
			g.dangers = append(g.dangers, danger{Path: e.Path, What: fmt.Sprintf("it looks like a key file: %d random bytes in base64url, and nothing else", n)})
		}
		return err
	})
}

// sealed looks at an encrypted file.
func (g *guard) sealed(name string, size int64, content io.Reader) error {
	if size > maxDocument {
		g.notes = append(g.notes, name+": it is too large")
		return nil
	}
	blob, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	owner, missing := g.owner(name), ""
	if bytes.HasPrefix(blob, []byte("version https://git-lfs.github.com/spec/")) {
		g.notes = append(g.notes, name+": git-lfs keeps it elsewhere")
		return nil
	}
	if fault := vaultkeys.Fault(blob); fault != "" {
		g.dangers = append(g.dangers, danger{Path: name, What: "it is not an encrypted file: " + fault})
		return nil
	}
	for _, e := range g.keys {
		if _, err := e.Open(blob); err == nil {
			if owner == nil || owner == e || owner.Key.Equal(e.Key) {
				return nil
			}
			g.dangers = append(g.dangers, danger{Path: name, What: fmt.Sprintf("it is encrypted with the key of %s, not of %s", e.Environment, owner.Environment)})
			return nil
		}
		if e.Cipher == nil && (owner == nil || owner == e) {
			missing = e.Environment
		}
	}
	if missing != "" {
		g.notes = append(g.notes, fmt.Sprintf("%s: the key of %s is not here", name, missing))
		return nil
	}
	g.dangers = append(g.dangers, danger{Path: name, What: "no key of the vault opens it"})
	return nil
}

// owner is the environment that a file is a document of, or the previous keys; nil
// if it is another one.
func (g *guard) owner(name string) *vaultkeys.Environment {
	for _, e := range g.keys {
		for _, p := range []string{e.Path(), e.PreviousPath(), e.LocalPath()} {
			if in, ok := pathInRepo(g.repo, p); ok && in == name {
				return e
			}
		}
	}
	return nil
}
