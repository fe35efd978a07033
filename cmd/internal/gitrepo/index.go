package gitrepo

import (
	"context"
	"strings"
)

// The modes of entries, as git writes them.
const (
	ModeSubmodule = "160000"
	ModeSymlink   = "120000"
)

// Entry is a file of the index or of a commit.
type Entry struct {
	Path string // from the top, with slashes; any bytes but NUL
	Mode string // "100644"
	ID   string // of its object
}

// Staged are the files that the next commit would add or change. Before the first
// commit that is all there are.
func (r *Repo) Staged(ctx context.Context) ([]Entry, error) {
	out, err := r.Output(ctx, "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--no-color", "--ignore-submodules=none", "--diff-filter=AMT")
	if err != nil {
		return nil, err
	}
	var entries []Entry
	words := split(out)
	for i := 0; i+1 < len(words); i += 2 {
		// :100644 100644 old new M
		f := strings.Fields(strings.TrimPrefix(words[i], ":"))
		if len(f) == 5 {
			entries = append(entries, Entry{Path: words[i+1], Mode: f[1], ID: f[3]})
		}
	}
	return entries, nil
}

// Tracked are the files of the index.
func (r *Repo) Tracked(ctx context.Context) ([]Entry, error) {
	out, err := r.Output(ctx, "ls-files", "--stage", "-z", "--full-name")
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, line := range split(out) {
		head, path, _ := strings.Cut(line, "\t")
		f := strings.Fields(head)
		if len(f) == 3 {
			entries = append(entries, Entry{Path: path, Mode: f[0], ID: f[1]})
		}
	}
	return entries, nil
}

// Ignored are those of the paths, relative to the top, that git ignores.
func (r *Repo) Ignored(ctx context.Context, paths []string) (map[string]bool, error) {
	ignored := map[string]bool{}
	if len(paths) == 0 {
		return ignored, nil
	}
	cmd := r.command(ctx, "check-ignore", "-z", "--stdin")
	cmd.Stdin = strings.NewReader(strings.Join(paths, "\x00") + "\x00")
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != 1 { // 1 is none of them
		return nil, &Error{Command: "git check-ignore", Err: err}
	}
	for _, path := range split(out) {
		ignored[path] = true
	}
	return ignored, nil
}

// Without are those of the entries to which .gitattributes gives other values than
// these, by the attributes' names.
func (r *Repo) Without(ctx context.Context, entries []Entry, want map[string]string) ([]Entry, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	args := []string{"check-attr", "-z", "--stdin"}
	for name := range want {
		args = append(args, name)
	}
	var paths strings.Builder
	for _, e := range entries {
		paths.WriteString(e.Path + "\x00")
	}
	cmd := r.command(ctx, args...)
	cmd.Stdin = strings.NewReader(paths.String())
	out, err := cmd.Output()
	if err != nil {
		return nil, &Error{Command: "git check-attr", Err: err}
	}
	other := map[string]bool{}
	words := split(out)
	for i := 0; i+2 < len(words); i += 3 { // path, attribute, value
		if words[i+2] != want[words[i+1]] {
			other[words[i]] = true
		}
	}
	var without []Entry
	for _, e := range entries {
		if other[e.Path] {
			without = append(without, e)
		}
	}
	return without, nil
}
