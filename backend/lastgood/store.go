package lastgood

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	storefile "github.com/flask-vault/flask-vault/backend/file"
)

// ErrRollback is wrapped by a load where the store has an older document than one
// that was seen here before.
var ErrRollback = errors.New("the store has an older document than one that was seen here already")

// DefaultTimeout is how long a store may take to answer a load by default.
const DefaultTimeout = 5 * time.Second

// Options say how a copy is kept.
type Options struct {
	Path    string        // of the copy's file; see [Path]
	Timeout time.Duration // how long a store may take before the copy answers; 0 is [DefaultTimeout]

	// Fresh never answers with the copy: for whoever is about to change something.
	Fresh bool

	// Stale is told when a load is answered with the copy, each time. It may be
	// called by several goroutines. nil tells nobody.
	Stale func(Stale)

	// Unkept is told why the copy could not be written or read; the load goes well
	// all the same. nil tells nobody.
	Unkept func(error)

	// Check returns an error for what cannot be a sealed document, as
	// [backend.CheckEnvelope] does: it is handed on and not kept, so that it does not take the
	// place of a good copy. nil takes all.
	Check func(blob []byte) error

	// Older reports whether a is surely an older version than b, for stores that
	// count them. nil compares none.
	Older func(a, b backend.Version) bool
}

// Stale says how old a copy is that was answered in place of what the store has.
type Stale struct {
	Age   time.Duration // since the store was last known to have it
	Cause error         // why the store was not asked with success
}

// store is a store with a copy.
type store struct {
	backend.Store
	o Options

	mu       sync.Mutex
	answered backend.Version // what was answered with the copy last, "" if the store has answered since
}

// watcher is a store that tells of changes.
type watcher struct {
	*store
	watcher backend.Watcher
}

// New wraps a store. What it returns is a [backend.Watcher] if s is one. Nothing is
// opened yet.
func New(s backend.Store, o Options) backend.Store {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Stale == nil {
		o.Stale = func(Stale) {}
	}
	if o.Unkept == nil {
		o.Unkept = func(error) {}
	}
	if o.Check == nil {
		o.Check = func([]byte) error { return nil }
	}
	if o.Older == nil {
		o.Older = func(a, b backend.Version) bool { return false }
	}
	wrapped := &store{Store: s, o: o}
	if w, ok := s.(backend.Watcher); ok {
		return watcher{wrapped, w}
	}
	return wrapped
}

// attempts is how often a document that is too old is loaded again, and tries how
// often one that another process took up something else beside.
const (
	attempts = 3
	tries    = 20
)

// errMoved says that another process changed the copy between our load and now, so
// that which of the two documents is the newer one is not known.
var errMoved = errors.New("the copy was changed meanwhile")

// Load is the store's, or what the copy has if the store does not answer. It fails
// with [ErrRollback], too.
func (s *store) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	for old, moved := 0, 0; ; {
		before, rerr := read(s.o.Path) // before the load: what it has was in the store by then
		if rerr != nil {
			s.o.Unkept(rerr)
		}
		snap, err := s.load(backend.Refusing(ctx, func() []string { return before.Replaced }), have)
		switch {
		case errors.Is(err, backend.ErrNotModified):
			s.stillThere(before, have)
			return snap, err
		case err != nil && s.usable(ctx, err):
			return s.fromCopy(before, have, err)
		case err != nil || rerr != nil:
			return snap, err
		}
		s.setAnswered("")
		if s.o.Check(snap.Blob) != nil {
			return snap, nil
		}
		if s.old(before, snap) {
			if old++; old == attempts {
				return backend.Snapshot{}, ErrRollback
			}
			continue
		}
		err = s.keep(ctx, before, snap)
		if moved++; errors.Is(err, errMoved) && moved < tries {
			continue
		}
		if err != nil {
			s.o.Unkept(err)
		}
		return snap, nil
	}
}

// load asks the store, for a limited time.
func (s *store) load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	limited, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	snap, err := s.Store.Load(limited, have)
	if err != nil && limited.Err() != nil && ctx.Err() == nil && !errors.Is(err, backend.ErrNotModified) {
		err = fmt.Errorf("%w: no answer within %v", backend.ErrUnreachable, s.o.Timeout)
	}
	return snap, err
}

// usable reports whether the copy is to answer after such an error.
func (s *store) usable(ctx context.Context, err error) bool {
	if s.o.Fresh || errors.Is(ctx.Err(), context.Canceled) {
		return false
	}
	return Unreachable(err) || errors.Is(err, context.DeadlineExceeded)
}

// Unreachable reports whether an error of a store says that it did not answer: it
// wraps [backend.ErrUnreachable], or is one of the network.
func Unreachable(err error) bool {
	if errors.Is(err, backend.ErrUnreachable) {
		return true
	}
	// What net.Error asks for, without that package; a system's error has it as well.
	var network interface {
		Timeout() bool
		Temporary() bool
	}
	return errors.As(err, &network) && !errors.As(err, new(*fs.PathError))
}

// fromCopy answers a load that the store did not answer, because of cause.
func (s *store) fromCopy(c saved, have backend.Version, cause error) (backend.Snapshot, error) {
	if !c.there() {
		if !errors.Is(cause, backend.ErrUnreachable) {
			cause = fmt.Errorf("%w: %w", backend.ErrUnreachable, cause)
		}
		return backend.Snapshot{}, cause
	}
	s.setAnswered(c.Version)
	s.o.Stale(Stale{Age: max(0, time.Since(c.when)), Cause: cause})
	if c.Version == have {
		return backend.Snapshot{}, backend.ErrNotModified
	}
	return backend.Snapshot{Blob: c.blob, Version: c.Version}, nil
}

// stillThere takes down that the store still has a version.
func (s *store) stillThere(c saved, version backend.Version) {
	s.setAnswered("")
	if !c.there() || c.Version != version {
		return
	}
	if err := confirm(s.o.Path); err != nil {
		s.o.Unkept(err)
	}
}

// old reports whether a document is older than the copy.
func (s *store) old(c saved, snap backend.Snapshot) bool {
	hash := sum(snap.Blob)
	return c.there() && hash != c.SHA256 && (slices.Contains(c.Replaced, hash) || s.o.Older(snap.Version, c.Version))
}

// keep makes a document that the store has the copy, if that is still as it was
// before the document was loaded: else it fails with errMoved.
func (s *store) keep(ctx context.Context, before saved, snap backend.Snapshot) error {
	same := func(c saved) bool { return c.there() && c.SHA256 == sum(snap.Blob) && c.Version == snap.Version }
	if same(before) {
		return confirm(s.o.Path)
	}
	return update(ctx, s.o.Path, func(c saved) (saved, error) {
		if c.SHA256 != before.SHA256 && !same(c) {
			return c, errMoved
		}
		return c.next(snap), nil
	})
}

// update writes what change makes of the copy, while nobody else does.
func update(ctx context.Context, path string, change func(saved) (saved, error)) error {
	if err := makeDir(path); err != nil {
		return err
	}
	unlock, err := storefile.NewStore(path, "").Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	c, err := read(path)
	if err != nil {
		return err
	}
	if c, err = change(c); err != nil {
		return err
	}
	return c.write(path)
}

// Save is the store's. What was loaded from the copy has to be confirmed by the store
// first, so that nothing is ever saved against a copy.
func (s *store) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	s.mu.Lock()
	unconfirmed := s.answered != "" && s.answered == prev
	s.mu.Unlock()
	if unconfirmed {
		switch _, err := s.load(ctx, prev); {
		case err == nil:
			return "", backend.ErrConflict
		case !errors.Is(err, backend.ErrNotModified):
			return "", err
		}
		s.setAnswered("")
	}
	version, err := s.Store.Save(ctx, blob, prev)
	if err != nil {
		return version, err
	}
	err = update(ctx, s.o.Path, func(c saved) (saved, error) {
		if c.there() && c.Version != prev {
			return c, errMoved // somebody has loaded another one, perhaps a newer one
		}
		return c.next(backend.Snapshot{Blob: blob, Version: version}), nil
	})
	if err != nil && !errors.Is(err, errMoved) {
		s.o.Unkept(err)
	}
	return version, nil
}

func (s *store) setAnswered(v backend.Version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = v
}

// Watch is the store's. What would go back is not handed on: a load tells whether the store
// has gone back, or only what another process has loaded since.
func (w watcher) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	refused := func() []string {
		c, _ := read(w.o.Path) // what is wrong with it, a load tells
		return c.Replaced
	}
	return w.watcher.Watch(backend.Refusing(ctx, refused), have, func(snap backend.Snapshot) {
		if c, err := read(w.o.Path); err == nil && len(snap.Blob) > 0 && w.old(c, snap) {
			snap = backend.Snapshot{}
		}
		notify(snap)
	})
}

// Accept takes what the store has now as the newest, whatever was seen before: for a
// store that was restored from a backup. o is as for [New]; what o.Check refuses is not taken.
func Accept(ctx context.Context, s backend.Store, o Options) error {
	snap, err := s.Load(ctx, "")
	if err == nil && o.Check != nil {
		err = o.Check(snap.Blob)
	}
	if err != nil {
		return err
	}
	return update(ctx, o.Path, func(c saved) (saved, error) {
		return c.next(snap), nil // the others stay refused, what was newer than this one included
	})
}
