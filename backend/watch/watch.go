// Package watch takes up the changes of a vault while a program runs: secrets
// that were edited, and a new key after a rekey.
//
//	go watch.Watch(ctx, layers, func(names []string, err error) { … })
//
// What [backend.Vault.Get] gives is always one document that opened and parsed,
// whole. A new one that does not keeps the old one in force, and is reported.
//
// It is a package of its own so that a program that reads its secrets once does
// not link github.com/fsnotify/fsnotify.
package watch

import (
	"context"
	"slices"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

// Watcher keeps vaults up to date.
type Watcher struct {
	// Layers are the vaults; of one alone, backend.Layers{v}. It is those that
	// were opened: a local file that is made later is not seen.
	Layers backend.Layers

	// Changed is told the names of the values that are new, gone or others than
	// before, sorted; or why what is stored now cannot be taken up, which is when that
	// lasts longer than half a second, and once for each reason. It is told neither
	// (nil, nil) when after an error all is well and no value has changed. It is
	// never called twice at the same time, and the values are in force already.
	// nil: changes are taken up, and nobody is told.
	Changed func(names []string, err error)

	// Poll is how often the vault is looked at where the system does not tell of
	// changes: a store on the network, or no inotify left. 2 seconds if 0. Where
	// the system does tell, it is looked at once a minute all the same, since a file
	// system may be shared with other machines.
	Poll time.Duration
}

// Watch runs a [Watcher] of the layers until ctx ends.
func Watch(ctx context.Context, layers backend.Layers, changed func(names []string, err error)) {
	(&Watcher{Layers: layers, Changed: changed}).Run(ctx)
}

const (
	quiet    = 20 * time.Millisecond  // after a change, before it is read: many come in bursts
	burst    = 200 * time.Millisecond // a burst waits no longer than this
	grace    = 500 * time.Millisecond // an error that mends itself meanwhile is not reported
	retry    = 50 * time.Millisecond  // how soon after an error it is tried again
	backstop = time.Minute            // how often it is looked at without being told
)

// Run watches until ctx ends. What was changed before it runs is taken up first.
func (w *Watcher) Run(ctx context.Context) {
	poll := w.Poll
	if poll <= 0 {
		poll = 2 * time.Second
	}
	n := newNotifier(w.paths())
	defer n.close()
	tell := w.Changed
	if tell == nil {
		tell = func([]string, error) {}
	}
	values := snapshot(w.Layers)
	var trouble trouble
	for ctx.Err() == nil {
		told := n.follow() && w.local()
		changed, err := w.refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		var names []string
		if changed {
			now := snapshot(w.Layers)
			names, values = differences(values, now), now
		}
		report, wellAgain := trouble.add(err, time.Now())
		if len(names) > 0 || wellAgain {
			tell(names, nil)
		}
		if report {
			tell(nil, err)
		}
		wait := poll
		if told {
			wait = backstop
		}
		if err != nil {
			wait = trouble.wait(poll)
		}
		n.wait(ctx, wait)
	}
}

// paths are the files of all layers.
func (w *Watcher) paths() []string {
	var all []string
	for _, v := range w.Layers {
		paths, _ := v.Files()
		all = append(all, paths...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// local reports whether all documents are local files.
func (w *Watcher) local() bool {
	for _, v := range w.Layers {
		if _, document := v.Files(); !document {
			return false
		}
	}
	return true
}

// refresh takes up what is new in any layer. Its error is that of the first.
func (w *Watcher) refresh(ctx context.Context) (changed bool, err error) {
	for _, v := range w.Layers {
		c, verr := v.Refresh(ctx)
		changed = changed || c
		if err == nil {
			err = verr
		}
	}
	return changed, err
}

// trouble remembers an error.
type trouble struct {
	since    time.Time
	reported string
	tries    int
}

// add says whether an error is to be reported, or that it is over.
func (t *trouble) add(err error, now time.Time) (report, wellAgain bool) {
	if err == nil {
		wellAgain = t.reported != ""
		*t = trouble{}
		return false, wellAgain
	}
	if t.since.IsZero() {
		t.since = now
	}
	t.tries++
	if now.Sub(t.since) < grace || err.Error() == t.reported {
		return false, false
	}
	t.reported = err.Error()
	return true, false
}

// wait is how long to wait before the next try.
func (t *trouble) wait(poll time.Duration) time.Duration {
	if t.reported == "" {
		return retry << min(t.tries-1, 3)
	}
	return poll
}

// snapshot are all values of the layers.
func snapshot(layers backend.Layers) map[string]backend.Secret {
	layers = layers.Frozen()
	names, err := layers.Names()
	if err != nil {
		return nil // a document that was opened broken, which Refresh never takes up
	}
	values := make(map[string]backend.Secret, len(names))
	for _, name := range names {
		if value, err := layers.Get(name); err == nil {
			values[name] = value
		}
	}
	return values
}

func differences(before, now map[string]backend.Secret) []string {
	var names []string
	for name, value := range now {
		if was, ok := before[name]; !ok || !was.Equal(value) {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, ok := now[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
