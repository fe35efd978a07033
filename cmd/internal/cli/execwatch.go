package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/cmd/internal/child"
	"github.com/flask-vault/flask-vault/cmd/internal/private"
	"github.com/flask-vault/flask-vault/cmd/internal/variables"
)

const (
	watchRestart = "restart" // what --watch alone stands for

	lookEvery  = 500 * time.Millisecond  // how often local files are looked at
	settle     = 100 * time.Millisecond  // after a change, before it is read: many come in bursts
	againAfter = 1500 * time.Millisecond // a change that could not be taken up is tried again, give or take a half
	stopWithin = 10 * time.Second        // what a program has to end after SIGTERM, before it is killed
	mendMost   = 30 * time.Second        // the longest wait before a broken watch is begun anew
)

// parseWatch understands --watch: nil and no error is to restart.
func parseWatch(word string) (os.Signal, error) {
	name := strings.TrimPrefix(strings.ToUpper(word), "SIG")
	for _, s := range watchSignals() {
		if s.name == name {
			return s.signal, nil
		}
	}
	if word == watchRestart {
		return nil, nil
	}
	var names []string
	for _, s := range watchSignals() {
		names = append(names, s.name)
	}
	return nil, &usageError{msg: fmt.Sprintf("--watch takes %s or a signal (%s), not %q", watchRestart, strings.Join(names, ", "), word), hint: "exec --watch=HUP -- nginx -g 'daemon off;'"}
}

type namedSignal struct {
	name   string
	signal os.Signal
}

// running is the program as it was started last.
type running struct {
	*execution
	values []variables.Variable // as they were selected; those of files are not paths
	tell   chan os.Signal
	ended  chan ending
	dir    *private.Dir // of the values in files, nil if there are none
}

type ending struct {
	code int
	err  error
}

// execWatch runs the program until it ends by itself, and has it take up changes of the
// vault: by a signal, or by being started again.
func (a *app) execWatch(ctx context.Context, e *execution, sig os.Signal) error {
	// An interrupt is the program's, which may go on after it.
	ctx = context.WithoutCancel(ctx)
	signals := child.Watch()
	defer signals.Stop()
	r, err := a.start(e, signals)
	if err != nil {
		return err
	}
	changes := a.follow(ctx, e)
	defer func() { changes.stop() }()
	if sig != nil && !slices.ContainsFunc(r.values, func(v variables.Variable) bool { return v.File }) {
		a.note("note: a program that runs keeps its variables; --file hands values over in files, which are written anew before the signal")
	}
	for {
		select {
		case end := <-r.ended:
			return a.finish(r, end)
		case <-changes.told:
		}
		changes.stop()
		for trouble := ""; ; {
			next, err := a.takeUp(ctx, e)
			if err == nil {
				e = next
				break
			}
			if code, message, _ := a.explain(err); message != trouble {
				a.note("note: the vault has changed, but cannot be taken up: %s (code %d); the program goes on with the values that it has", message, code)
				trouble = message
			}
			select {
			case end := <-r.ended:
				return a.finish(r, end)
			case <-time.After(againAfter/2 + rand.N(againAfter)): //nolint:gosec // it spreads requests, and keeps no secret
			}
		}
		changes = a.follow(ctx, e)
		names := changedVariables(r.values, e.vars)
		if len(names) == 0 {
			continue
		}
		if sig != nil {
			r.execution = e
			if err := r.rewrite(); err != nil {
				a.note("note: the secrets' files could not be written anew: %v", err)
				continue
			}
			a.note("note: %s changed; the program is told by a signal", oneLine(strings.Join(names, ", ")))
			r.tell <- sig
			continue
		}
		a.note("note: %s changed; the program is started again", oneLine(strings.Join(names, ", ")))
		end := r.stop()
		if signals.Ending() {
			return a.finish(r, end)
		}
		a.removeFiles(r.dir)
		if r, err = a.start(e, signals); err != nil {
			return err
		}
	}
}

// start starts the program with the values as they are.
func (a *app) start(e *execution, signals *child.Signals) (*running, error) {
	r := &running{execution: e, values: e.vars, tell: make(chan os.Signal, 4), ended: make(chan ending, 1)}
	vars := slices.Clone(e.vars)
	dir, err := a.files(e.config, vars)
	if err != nil {
		return nil, err
	}
	r.dir = dir
	command := child.Command{
		Path: e.path, Args: e.args, Env: environment(e.inherited, vars), In: a.in, Out: a.out, Err: os.Stderr,
		Signals: signals, Tell: r.tell, Filter: e.filter,
	}
	go func() {
		code, err := child.Run(command)
		r.ended <- ending{code, err}
	}()
	return r, nil
}

// stop ends the program: by SIGTERM, and if it does not heed that, by force.
func (r *running) stop() ending {
	if child.CanReplace {
		r.tell <- syscall.SIGTERM
	} else {
		r.tell <- os.Kill // Windows has nothing gentler
	}
	late := time.NewTimer(stopWithin)
	defer late.Stop()
	select {
	case end := <-r.ended:
		return end
	case <-late.C:
	}
	r.tell <- os.Kill
	return <-r.ended
}

// rewrite brings the values in files up to date.
func (r *running) rewrite() error {
	for _, v := range r.vars {
		if v.File && r.dir != nil {
			if err := r.dir.Replace(v.Name, []byte(v.Value.Reveal())); err != nil {
				return err
			}
		}
	}
	r.values = r.vars
	return nil
}

// finish is what exec returns after the program has ended by itself.
func (a *app) finish(r *running, end ending) error {
	a.removeFiles(r.dir)
	switch {
	case end.err != nil:
		return notStarted(r.args[0], end.err)
	case end.code != 0:
		return &childExit{end.code}
	}
	return nil
}

// takeUp opens the vault anew: its configuration and its key may have changed, too.
func (a *app) takeUp(ctx context.Context, e *execution) (*execution, error) {
	next := *e
	return &next, a.openFor(ctx, &next)
}

// changedVariables are the names of the variables that are new, gone or others.
func changedVariables(before, now []variables.Variable) []string {
	var names []string
	find := func(all []variables.Variable, name string) (variables.Variable, bool) {
		i := slices.IndexFunc(all, func(v variables.Variable) bool { return v.Name == name })
		if i < 0 {
			return variables.Variable{}, false
		}
		return all[i], true
	}
	for _, v := range now {
		if old, ok := find(before, v.Name); !ok || old.File != v.File || !old.Value.Equal(v.Value) {
			names = append(names, v.Name)
		}
	}
	for _, v := range before {
		if _, ok := find(now, v.Name); !ok {
			names = append(names, v.Name)
		}
	}
	return names
}

// changes tells once that a vault may be another one than was read.
type changes struct {
	told   chan struct{} // holds one
	cancel context.CancelFunc
	ended  []chan struct{}
}

// follow looks at the local files that a vault is made of, and has its stores tell.
func (a *app) follow(ctx context.Context, e *execution) *changes {
	ctx, cancel := context.WithCancel(ctx)
	c := &changes{told: make(chan struct{}, 1), cancel: cancel}
	seen := e.seen
	c.goOn(func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for !changed(seen) {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		c.tellSoon(ctx)
	})
	for _, v := range e.layers {
		if _, file := v.Files(); !file && v.Watchable() {
			c.goOn(func() { c.keepWatching(ctx, v, a.noteUnseen()) })
		}
	}
	return c
}

func (c *changes) goOn(f func()) {
	ended := make(chan struct{})
	c.ended = append(c.ended, ended)
	go func() {
		defer close(ended)
		f()
	}()
}

// noteUnseen tells why changes in a store are not seen, each reason once.
func (a *app) noteUnseen() func(error) {
	trouble := ""
	return func(err error) {
		code, message, _ := a.explain(err)
		if message != trouble {
			a.note("note: changes are not seen: %s (code %d); the program goes on with the values that it has", message, code)
			trouble = message
		}
	}
}

// keepWatching watches a store, and begins anew when that is broken. The waits grow
// and are random, so that a server that comes back is not met by all at once. A server that
// does not answer is waited for by the watch itself; what it answers instead is told.
func (c *changes) keepWatching(ctx context.Context, v *backend.Vault, tell func(error)) {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, mendMost) {
		begun := time.Now()
		if err := v.Watch(ctx, func() { c.tellSoon(ctx) }); err != nil && ctx.Err() == nil {
			tell(err)
		}
		if time.Since(begun) > mendMost {
			pause = time.Second
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // it spreads requests, and keeps no secret
		}
	}
}

func (c *changes) tellSoon(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(settle):
	}
	select {
	case c.told <- struct{}{}:
	default:
	}
}

func (c *changes) stop() {
	c.cancel()
	for _, ended := range c.ended {
		<-ended
	}
}
