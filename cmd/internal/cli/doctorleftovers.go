package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/editor"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

// examineLeftovers looks for what killed commands left in the places of these vaults,
// and removes it with fix. What several have is found once.
func (a *app) examineLeftovers(ctx context.Context, vaults []*vault, fix bool) []finding {
	var findings []finding
	for _, c := range vaults {
		for _, f := range a.leftoversOf(ctx, c, fix) {
			if !slices.Contains(findings, f) {
				findings = append(findings, f)
			}
		}
	}
	if len(findings) == 0 {
		findings = append(findings, ok("nothing is left over from killed commands"))
	}
	return findings
}

func (a *app) leftoversOf(ctx context.Context, c *vault, fix bool) []finding {
	findings := a.examineSessions(c, fix)
	findings = append(findings, a.examineUnfinished(ctx, c, fix)...)
	findings = append(findings, a.examineRecords(ctx, c, fix)...)
	drafts, _ := filepath.Glob(escapeGlob(c.Path()) + ".draft*")
	for _, path := range drafts {
		findings = append(findings, finding{"warn", "an edit that was not saved is kept in " + c.Display(path), a.name + " edit" + inEnvironment(c.Config) + " --draft " + quote(c.Display(path))})
	}
	if fileExists(c.Journal()) {
		findings = append(findings, finding{"warn", "a rekey was interrupted", a.name + " get, or any other command, finishes or undoes it"})
	}
	return findings
}

// examineSessions looks for plaintexts of edits that were killed.
func (a *app) examineSessions(c *vault, fix bool) []finding {
	o := editor.Options{Fallback: filepath.Join(c.Root, "tmp")}
	left, err := editor.Leftovers(o)
	if err != nil || len(left) == 0 {
		return nil
	}
	if fix {
		if _, err := editor.Sweep(o); err == nil {
			return []finding{ok("the plaintext of %d killed edits is removed", len(left))}
		}
	}
	var findings []finding
	for _, l := range left {
		findings = append(findings, finding{"fail", "an edit that was killed left plaintext in " + l.Dir, a.name + " doctor --fix"})
	}
	return findings
}

// examineUnfinished looks for files that never got their name, and that nobody is
// writing. None is removed while a rekey is to be finished, which needs them, or while a
// command that writes the vault is at work.
func (a *app) examineUnfinished(ctx context.Context, c *vault, fix bool) []finding {
	var left []string
	for _, dir := range writtenTo(ctx, c) {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if path := filepath.Join(dir, e.Name()); durable.IsTemp(e.Name()) && !durable.InUse(path) {
				left = append(left, path)
			}
		}
	}
	if len(left) == 0 {
		return nil
	}
	var findings []finding
	if fix {
		// A rekey of another environment holds the lock of its journal alone.
		for _, path := range []string{c.Path(), c.Journal()} {
			unlock, err := c.Store(path).Lock(ctx)
			if err != nil {
				_, hint := a.classify(err)
				return []finding{{"fail", err.Error(), hint}}
			}
			defer unlock()
		}
		fix = !fileExists(c.Journal())
	}
	for _, path := range left {
		switch {
		case fix && os.Remove(path) == nil:
			findings = append(findings, ok("%s is removed", c.Display(path)))
		case fileExists(path):
			findings = append(findings, finding{"warn", "a command that was killed left " + c.Display(path), a.name + " doctor --fix"})
		}
	}
	return findings
}

// writtenTo are the directories in which commands write files of this vault.
func writtenTo(ctx context.Context, c *vault) []string {
	dirs := []string{c.Root}
	for _, name := range c.Environments {
		e, err := c.In(name)
		if err != nil {
			continue
		}
		dirs = append(dirs, filepath.Dir(e.Path()))
		if target, err := filepath.EvalSymlinks(e.Path()); err == nil {
			dirs = append(dirs, filepath.Dir(target))
		}
		for _, pattern := range e.Files {
			matches, _ := filepath.Glob(filepath.Join(escapeGlob(e.Root), pattern))
			for _, m := range matches {
				dirs = append(dirs, filepath.Dir(m))
			}
		}
	}
	dirs = append(dirs, filepath.Dir(c.Path()))
	for _, s := range c.options.Keys {
		if f, ok := s.(*keyfile.Source); ok {
			dirs = append(dirs, filepath.Dir(f.Path()))
		}
	}
	for i, dir := range dirs {
		if target, err := filepath.EvalSymlinks(dir); err == nil {
			dirs[i] = target
		}
	}
	if inWorkTree(c.Root) {
		if out, err := runGit(ctx, c.Root, c.options, "rev-parse", "--show-toplevel"); err == nil {
			dirs = append(dirs, filepath.FromSlash(strings.TrimRight(string(out), "\r\n")))
		}
		if dir, err := recordDir(ctx, c.Root); err == nil {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}
