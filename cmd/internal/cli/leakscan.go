package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/forms"
	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
	"github.com/flask-vault/flask-vault/cmd/internal/search"
)

// leak is a place where a secret is. It names the secret, and holds nothing of it.
type leak struct {
	Path    string       `json:"path,omitempty"`   // as git or the person calls it; none for a commit's message
	Line    int          `json:"line"`             // the first
	Places  int          `json:"places"`           // in this file
	Form    forms.Kind   `json:"form"`             // of the first
	Secrets []secretName `json:"secrets"`          // the names that the value has
	Commit  string       `json:"commit,omitempty"` // the first one that had it
	Object  string       `json:"object,omitempty"` // of git
	Ignored bool         `json:"ignored,omitempty"`
}

func (l *leak) String() string {
	var b strings.Builder
	switch {
	case l.Path == "":
		fmt.Fprintf(&b, "the message of %.12s, line %d: ", l.Object, l.Line)
	case l.Commit != "":
		fmt.Fprintf(&b, "%s:%d in %.12s: ", showPath(l.Path), l.Line, l.Commit)
	default:
		fmt.Fprintf(&b, "%s:%d: ", showPath(l.Path), l.Line)
	}
	b.WriteString(l.what())
	if l.Ignored {
		b.WriteString(" (git ignores the file)")
	}
	return b.String()
}

// what is the secret and its form.
func (l *leak) what() string {
	text := sanitize(nameList(l.Secrets))
	if l.Form != forms.Plain {
		text += ", " + string(l.Form)
	}
	if l.Places > 1 {
		text += fmt.Sprintf(", in %d places", l.Places)
	}
	return text
}

// scanner looks through one text after the other. It is for one goroutine.
type scanner struct {
	p     *patterns
	r     *search.Reader
	bytes int64 // that it has read
}

func (p *patterns) scanner() *scanner { return &scanner{p: p, r: p.views.NewReader()} }

// scan finds each secret of a text once, in the order of their first places.
func (s *scanner) scan(from io.Reader) ([]*leak, error) {
	found := map[*secret]*leak{}
	last := map[*secret]int64{} // where the last place ends
	n, err := s.r.Find(from, func(at search.Place) bool {
		pattern := s.p.of[at.View][at.Pattern]
		for _, secret := range pattern.secrets {
			l := found[secret]
			switch {
			case l == nil:
				found[secret] = &leak{Line: at.Line, Places: 1, Form: pattern.kind, Secrets: secret.names}
			case at.Offset >= last[secret]:
				l.Places++
			}
			// Forms of one value overlap: its base64 without padding is in that with it.
			last[secret] = max(last[secret], at.End)
		}
		return true
	})
	s.bytes += n
	var leaks []*leak
	for _, l := range found {
		leaks = append(leaks, l)
	}
	slices.SortFunc(leaks, func(a, b *leak) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(nameList(a.Secrets), nameList(b.Secrets))
	})
	return leaks, err
}

// result is what a search found, and how much it read.
type result struct {
	leaks  []*leak
	files  int
	bytes  int64
	unread []string // what could not be read, and why

	history bool // files are objects of git: versions of files, and messages
}

// searched is what was searched through, for a person.
func (r *result) searched() string {
	if !r.history {
		return count(r.files, "file")
	}
	return count(r.files, "object") + " of git"
}

func (r *result) add(path string, leaks []*leak) {
	for _, l := range leaks {
		l.Path = path
	}
	r.leaks = append(r.leaks, leaks...)
}

func (r *result) sort() {
	slices.SortStableFunc(r.leaks, func(a, b *leak) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(r.unread)
}

// scanTree looks through files and all that is below directories, but for .git.
func scanTree(ctx context.Context, p *patterns, roots []string) (*result, error) {
	batches := make(chan []string, 16) // a path alone would wake a worker for each
	all := &result{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			s := p.scanner()
			part := &result{}
			for batch := range batches {
				for _, path := range batch {
					part.files++
					leaks, err := s.file(path)
					if err != nil {
						part.unread = append(part.unread, err.Error())
					}
					part.add(path, leaks)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all.leaks, all.unread = append(all.leaks, part.leaks...), append(all.unread, part.unread...)
			all.files += part.files
			all.bytes += s.bytes
		})
	}
	var unread, batch []string
	err := walkFiles(ctx, roots, func(path string) {
		if batch = append(batch, path); len(batch) == cap(batch) {
			batches <- batch
			batch = make([]string, 0, 64)
		}
	}, func(err error) { unread = append(unread, err.Error()) })
	batches <- batch
	close(batches)
	workers.Wait()
	all.unread = append(all.unread, unread...)
	all.sort()
	return all, err
}

// walkFiles visits regular files. A root that does not exist is an error; what
// cannot be read below one is told to unread.
func walkFiles(ctx context.Context, roots []string, visit func(path string), unread func(error)) error {
	for _, root := range roots {
		info, err := os.Stat(root)
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() {
			visit(root)
			continue
		}
		if info, err := os.Lstat(root); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			root += string(filepath.Separator) // a link that is named is followed
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				unread(err)
				return nil
			case d.IsDir() && d.Name() == ".git":
				return filepath.SkipDir
			case d.Type().IsRegular():
				visit(path)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) file(path string) ([]*leak, error) {
	f, err := openQuick(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	leaks, err := s.scan(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, durable.WithoutPath(err))
	}
	return leaks, nil
}

// scanEntries looks through the blobs of entries. Submodules have none here.
func scanEntries(ctx context.Context, r *gitrepo.Repo, p *patterns, entries []gitrepo.Entry) (*result, error) {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e gitrepo.Entry) bool { return e.Mode == gitrepo.ModeSubmodule })
	s := p.scanner()
	all := &result{files: len(entries)}
	i := 0
	err := r.Contents(ctx, ids(entries), func(o gitrepo.Object, content io.Reader) error {
		path := entries[i].Path
		i++
		leaks, err := s.scan(content)
		for _, l := range leaks {
			l.Object = o.ID
		}
		all.add(path, leaks)
		return err
	})
	all.bytes = s.bytes
	all.sort()
	return all, err
}

func ids(entries []gitrepo.Entry) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, e := range entries {
			if !yield(e.ID) {
				return
			}
		}
	}
}

// scanHistory looks through every blob, commit and tag that a ref leads to, each
// once, and finds the first commit and path of what it found.
func scanHistory(ctx context.Context, r *gitrepo.Repo, p *patterns) (*result, error) {
	s := p.scanner()
	all := &result{history: true}
	byObject := map[string][]*leak{}
	reachable, failed := r.Reachable(ctx)
	var checkErr error
	wanted := func(yield func(string) bool) {
		stop := errors.New("stop")
		checkErr = r.Check(ctx, reachable, func(o gitrepo.Object) error {
			if o.Type != "tree" && !yield(o.ID) {
				return stop
			}
			return nil
		})
		if errors.Is(checkErr, stop) {
			checkErr = nil
		}
	}
	err := r.Contents(ctx, wanted, func(o gitrepo.Object, content io.Reader) error {
		all.files++
		leaks, err := s.scan(content)
		for _, l := range leaks {
			l.Object = o.ID
		}
		if len(leaks) > 0 {
			byObject[o.ID] = leaks
		}
		return err
	})
	all.bytes = s.bytes
	if err = errors.Join(err, checkErr, failed()); err != nil || len(byObject) == 0 {
		return all, err
	}
	err = r.Changes(ctx, nil, func(c gitrepo.Change) bool {
		if leaks := byObject[c.ID]; leaks != nil {
			for _, l := range leaks {
				l.Path, l.Commit = c.Path, c.Commit
			}
			all.leaks = append(all.leaks, leaks...)
			delete(byObject, c.ID)
		}
		return len(byObject) > 0
	})
	// What no commit's files have are messages.
	var messages []*leak
	for _, leaks := range byObject {
		messages = append(messages, leaks...)
	}
	slices.SortFunc(messages, func(a, b *leak) int { return strings.Compare(a.Object, b.Object) })
	all.leaks = append(all.leaks, messages...)
	return all, err
}
