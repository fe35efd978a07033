package gitrepo

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"iter"
	"strings"
)

// Reachable yields the ids of all objects that HEAD and any ref lead to: commits,
// trees, blobs and tags. It is read once; failed says afterwards whether git failed.
func (r *Repo) Reachable(ctx context.Context) (ids iter.Seq[string], failed func() error) {
	var err error
	ids = func(yield func(string) bool) {
		err = r.lines(ctx, '\n', []string{"rev-list", "--objects", "--all"}, func(line string) bool {
			id, _, _ := strings.Cut(line, " ")
			return yield(id)
		})
	}
	return ids, func() error { return err }
}

// Change is a file as a commit made it.
type Change struct {
	Commit string
	Entry
}

// Changes calls each with every file that every commit added or changed, the
// oldest commits first, until it returns false; with paths, only those files.
func (r *Repo) Changes(ctx context.Context, paths []string, each func(Change) bool) error {
	args := []string{"log", "--all", "--reverse", "--topo-order", "--raw", "-z", "--no-abbrev", "--no-renames", "-m", "--root",
		"--no-ext-diff", "--no-textconv", "--no-color", "--no-show-signature", "--diff-filter=AMT", "--format=%x01%H", "--"}
	for _, p := range paths {
		args = append(args, ":(top,literal)"+p)
	}
	var commit, raw string
	return r.lines(ctx, 0, args, func(word string) bool {
		word = strings.TrimPrefix(word, "\n")
		switch {
		case raw != "":
			f := strings.Fields(strings.TrimPrefix(raw, ":"))
			raw = ""
			return len(f) != 5 || each(Change{commit, Entry{Path: word, Mode: f[1], ID: f[3]}})
		case strings.HasPrefix(word, "\x01"):
			commit = word[1:]
		case strings.HasPrefix(word, ":"):
			raw = word
		}
		return true
	})
}

// lines runs git and calls each with what the byte end ends, until it returns false.
func (r *Repo) lines(ctx context.Context, end byte, args []string, each func(string) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := r.command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	from := bufio.NewReaderSize(out, 256<<10)
	for {
		line, rerr := from.ReadString(end)
		if line != "" && !each(strings.TrimSuffix(line, string(rune(end)))) {
			cancel()
			_ = cmd.Wait() // it was told to end
			return nil
		}
		if rerr == io.EOF {
			break
		}
		if rerr != nil {
			err = rerr
			break
		}
	}
	if werr := cmd.Wait(); err == nil && werr != nil {
		err = failure(args, &stderr, werr)
	}
	return err
}
