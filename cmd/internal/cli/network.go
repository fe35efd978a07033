package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/lastgood"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/cmd/internal/remote"
	"github.com/flask-vault/flask-vault/cmd/internal/storetrust"
)

const (
	// networkTimeout is how long a store on the network may take to answer by default.
	networkTimeout = 10 * time.Second

	// copyTimeout is how long where a copy answers after that, for who only reads.
	copyTimeout = 3 * time.Second
)

// openStore makes the store of credentials that are a URL, for backend/config. What
// it loads is kept, and it is asked only if the user has agreed to it.
func (a *app) openStore(l location.Location) (backend.Store, error) {
	if a.copied(l) && !a.fresh {
		l.Timeout = cmp.Or(l.Timeout, copyTimeout)
	}
	return a.keptStore(agreedStore{remote.Open(limited(l)), l}, l), nil
}

// copied reports whether there is a copy of what a store had.
func (a *app) copied(l location.Location) bool {
	path, err := lastgood.Path(l.ID())
	return err == nil && exists(path)
}

// limited is a location with a limit to how long an answer may take.
func limited(l location.Location) location.Location {
	l.Timeout = cmp.Or(l.Timeout, networkTimeout)
	return l
}

// keptStore keeps what a store loads, and reads that while it is down.
func (a *app) keptStore(store backend.Store, l location.Location) backend.Store {
	l = limited(l)
	path, err := lastgood.Path(l.ID())
	if err != nil {
		return store // no cache directory: then there is no copy
	}
	return lastgood.New(store, a.copyOptions(l, path))
}

func (a *app) copyOptions(l location.Location, path string) lastgood.Options {
	return lastgood.Options{
		Path:    path,
		Timeout: l.Timeout + time.Second, // so that the store's own error comes first
		Fresh:   a.fresh,
		Check:   backend.CheckEnvelope,
		Stale:   func(s lastgood.Stale) { a.tellStale(l.Name(), s) },
		Unkept:  func(err error) { a.tellOnce("note: no copy of %s is kept: %v", l.Name(), err) },
		Older: func(x, y backend.Version) bool {
			return l.Older(string(x), string(y))
		},
	}
}

// tellStale says how old the copy is that is read in place of a store.
func (a *app) tellStale(url string, s lastgood.Stale) {
	if a.onStale != nil {
		a.onStale(url, s)
		return
	}
	a.tellOnce("note: %s; what is read is a copy of %s from %s ago", oneLine(s.Cause.Error()), url, age(s.Age))
}

// tellOnce is note for what one command may come across more than once.
func (a *app) tellOnce(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !a.told[line] {
		if a.told == nil {
			a.told = map[string]bool{}
		}
		a.told[line] = true
		a.note("%s", oneLine(line))
	}
}

// age is a duration for a person.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return count(int(d/time.Second), "second")
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/(24*time.Hour)), "day")
}

// agreedStore is a store that is asked nothing before the user has agreed to it.
type agreedStore struct {
	*remote.Store
	l location.Location
}

func (s agreedStore) check() error {
	book, err := storetrust.Default()
	if err != nil {
		return err
	}
	return book.Check(s.l)
}

func (s agreedStore) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	if err := s.check(); err != nil {
		return backend.Snapshot{}, err
	}
	return s.Store.Load(ctx, have)
}

func (s agreedStore) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	return s.Store.Save(ctx, blob, prev)
}

func (s agreedStore) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.Store.Watch(ctx, have, notify)
}

func (s agreedStore) Probe(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.Store.Probe(ctx)
}
