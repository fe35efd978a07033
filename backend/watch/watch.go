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
	"math/rand/v2"
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

	// Poll is how often the vault is looked at where nobody tells of changes:
	// local files with no inotify left, which is every 2 seconds if 0, and stores that
	// are no backend.Watcher, which is every 30 seconds if 0. Each wait is between
	// half of it and one and a half, so that many programs that started together
	// do not ask together. Where changes are told, it is looked at every 30 to 60
	// seconds all the same: a file system may be shared with other machines, and a
	// watch on a network may hang.
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
	backstop = 45 * time.Second       // how often it is looked at without being told: 30 to 60 seconds

	pollFiles = 2 * time.Second
	pollStore = 30 * time.Second
)

// Run watches until ctx ends. What was changed before it runs is taken up first.
func (w *Watcher) Run(ctx context.Context) {
	n := newNotifier(w.paths())
	defer n.close()
	stores := watchStores(ctx, w.Layers)
	defer stores.wait()
	tell := w.Changed
	if tell == nil {
		tell = func([]string, error) {}
	}
	values := snapshot(w.Layers)
	var trouble trouble
	for ctx.Err() == nil {
		files, told := n.follow(), stores.told()
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
		wait := w.poll(files && told, stores.any())
		if err != nil {
			wait = trouble.wait(wait)
		}
		n.wait(ctx, stores.changed, wait)
	}
}

// poll is how long to wait without being told of a change, by whether every change
// will be told, and whether there is a store that is no local file.
func (w *Watcher) poll(told, store bool) time.Duration {
	if told {
		return backstop*2/3 + rand.N(backstop*2/3) //nolint:gosec // it spreads requests, and keeps no secret
	}
	poll := w.Poll
	if poll <= 0 {
		poll = pollFiles
		if store {
			poll = pollStore
		}
	}
	return poll/2 + rand.N(poll) //nolint:gosec // it spreads requests, and keeps no secret
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
