package watch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
)

// notifier tells when files may have changed. Directories are watched, never
// files: a file that is replaced takes its watch with it.
type notifier struct {
	files   []string
	watcher *fsnotify.Watcher      // nil where the system gives none
	dirs    map[string]fs.FileInfo // the directories that are watched
	names   map[string]bool        // paths within them that matter
}

func newNotifier(files []string) *notifier { return &notifier{files: files} }

// follow has the watches where the files are now, through whatever symbolic
// links. It reports whether every change will be told.
func (n *notifier) follow() bool {
	if n.watcher == nil {
		w, err := fsnotify.NewWatcher()
		if err != nil {
			return false // as where a user has as many as may be; polling goes on
		}
		n.watcher, n.dirs = w, map[string]fs.FileInfo{}
	}
	// A link can be swapped between its being read and the watch on its directory.
	for range 10 {
		dirs, names := trace(n.files)
		n.names = names
		again, ok := n.set(dirs)
		if !ok {
			n.close()
			return false
		}
		if !again {
			return true
		}
	}
	return false
}

// set watches these directories and no others. It reports whether one is new.
func (n *notifier) set(dirs map[string]bool) (added, ok bool) {
	there := map[string]bool{} // a directory that is removed or renamed takes its watch with it
	for _, dir := range n.watcher.WatchList() {
		there[dir] = true
	}
	for dir, info := range n.dirs {
		now, err := os.Stat(dir)
		if dirs[dir] && there[dir] && err == nil && os.SameFile(info, now) {
			continue
		}
		if there[dir] {
			_ = n.watcher.Remove(dir) // it may be gone by now
		}
		delete(n.dirs, dir)
	}
	for dir := range dirs {
		if n.dirs[dir] != nil {
			continue
		}
		info, err := os.Stat(dir)
		if err == nil {
			err = n.watcher.Add(dir)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist): // gone since trace saw it
			added = true
			continue
		case err != nil:
			return false, false
		}
		n.dirs[dir], added = info, true
	}
	return added, true
}

func (n *notifier) close() {
	if n.watcher != nil {
		_ = n.watcher.Close()
		n.watcher = nil
	}
}

// wait returns when something has happened and has settled, or after a time, or
// when a store has told something, or when ctx ends.
func (n *notifier) wait(ctx context.Context, store <-chan struct{}, most time.Duration) {
	end := time.NewTimer(most)
	defer end.Stop()
	var events <-chan fsnotify.Event
	var errs <-chan error
	if n.watcher != nil {
		events, errs = n.watcher.Events, n.watcher.Errors
	}
	var settled <-chan time.Time
	var first time.Time
	for {
		relevant := false
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			return
		case <-settled:
			return
		case <-store:
			return
		case e, ok := <-events:
			if !ok {
				n.close()
				return
			}
			_, dir := n.dirs[e.Name]
			relevant = dir || n.names[e.Name]
		case err := <-errs:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				n.close() // begin anew, or poll
				return
			}
			relevant = true
		}
		if !relevant {
			continue
		}
		now := time.Now()
		if first.IsZero() {
			first = now
		}
		if now.Sub(first) > burst {
			return
		}
		settled = time.After(quiet)
	}
}
