package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
)

// givenUp are the records of merges that are over: that git merge --abort gave up,
// or that were finished without git resolve. A record is of a merge in progress if
// git has its file in conflict, or if git is at work, since git writes down what is
// in conflict at the end. Nothing is lost for good with a record: while a file is in
// conflict, git itself has its versions.
//
// inMerge is for the merge driver, which git runs while it is at work: of a merge
// that is over are then the records from before git took its lock.
func givenUp(ctx context.Context, top string, inMerge bool) ([]string, error) {
	dir, err := recordDir(ctx, top)
	if err != nil {
		return nil, err
	}
	// In this order, a record that comes meanwhile is not looked at, and one that git
	// is about to list is not taken for an old one.
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	locked, since, err := indexLock(ctx, top)
	if err != nil || locked != inMerge {
		return nil, err
	}
	out, err := runGit(ctx, top, backend.Options{}, "ls-files", "-u", "-z", "--full-name")
	if err != nil {
		return nil, err
	}
	var live []string
	for line := range strings.SplitSeq(string(out), "\x00") {
		if _, path, ok := strings.Cut(line, "\t"); ok {
			live = append(live, recordName(path))
		}
	}
	var old []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || slices.Contains(live, e.Name()) || durable.IsTemp(e.Name()) || !info.Mode().IsRegular() {
			continue
		}
		if !inMerge || info.ModTime().Before(since) {
			old = append(old, filepath.Join(dir, e.Name()))
		}
	}
	return old, nil
}

// indexLock says whether git is changing the index of a work tree, and since when.
func indexLock(ctx context.Context, top string) (locked bool, since time.Time, err error) {
	out, err := runGit(ctx, top, backend.Options{}, "rev-parse", "--git-path", "index")
	if err != nil {
		return false, since, err
	}
	path := filepath.FromSlash(strings.TrimRight(string(out), "\r\n")) + ".lock"
	if !filepath.IsAbs(path) {
		path = filepath.Join(top, path)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, since, nil
	}
	if err != nil {
		return false, since, err
	}
	return true, info.ModTime(), nil
}

// sweepRecords removes the records of merges that are over.
func sweepRecords(ctx context.Context, top string, inMerge bool) error {
	old, err := givenUp(ctx, top, inMerge)
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// examineRecords looks for the records of merges that are over, and removes them with
// fix.
func (a *app) examineRecords(ctx context.Context, c *vault, fix bool) []finding {
	if !inWorkTree(c.Root) {
		return nil
	}
	out, err := runGit(ctx, c.Root, c.options, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil // there is no git
	}
	top := filepath.FromSlash(strings.TrimRight(string(out), "\r\n"))
	old, err := givenUp(ctx, top, false)
	if err == nil && len(old) > 0 && fix {
		if err = sweepRecords(ctx, top, false); err == nil {
			return []finding{ok("%s of merges that are over: removed", count(len(old), "record"))}
		}
	}
	switch {
	case err != nil:
		return []finding{{"warn", err.Error(), ""}}
	case len(old) == 0:
		return nil
	}
	return []finding{{"warn", count(len(old), "encrypted record") + " of merges that are over in " + c.Display(filepath.Dir(old[0])), a.name + " doctor --fix"}}
}
