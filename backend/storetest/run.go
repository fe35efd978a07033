package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

// Harness says how to reach the store under test.
type Harness struct {
	// New makes a place in which nothing is stored. It is called once for each
	// check; t is that check's, for files and servers that end with it.
	New func(t testing.TB) Place

	// MaxSize is the most bytes that the store takes; 0 leaves that check out.
	// A place may have a lower limit than what is used in earnest, to be quick.
	MaxSize int

	// Timeout is how long one call may take, 10 seconds if 0.
	Timeout time.Duration

	// Secrets must not be in any name or error of the store: passwords and tokens
	// that it was given.
	Secrets []string

	// Contention is what Run calls [Contend] with.
	Contention Contention
}

// Place is where one document can be stored.
type Place struct {
	// Open makes one more client of the place, as another process would. One that
	// is an io.Closer is closed after its use.
	Open Opener

	// Put stores a document by other means, for a store that only reads. nil: the
	// store saves.
	Put func(blob []byte) error

	// Faults does harm while writers write: it kills, stops and starts servers, and
	// leaves them running. It is called once. nil: none.
	Faults func(ctx context.Context) error
}

// Opener makes a client.
type Opener func() (backend.Store, error)

// Run checks the store in the subtests of t. What does not apply is logged and
// not checked.
func Run(t *testing.T, h Harness) {
	t.Helper()
	if h.Timeout <= 0 {
		h.Timeout = 10 * time.Second
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			tr := newTrial(t.Context(), h, t)
			defer tr.close()
			if why := tr.cannot(c); why != "" {
				t.Log("not checked:", why)
				return
			}
			if err := c.run(tr); err != nil {
				t.Error(err)
			}
			if text := tr.leaked(); text != "" {
				t.Errorf("a name or an error holds a secret: %s", text)
			}
		})
	}
	t.Run("many write at once", func(t *testing.T) {
		place := h.New(t)
		if place.Put != nil {
			t.Log("not checked: the store does not save")
			return
		}
		report, err := Contend(t.Context(), place, h.Contention)
		t.Log(report)
		if err != nil {
			t.Error(err)
		}
	})
}

// watch calls Watch of a store again and again, as the vault does, until ctx ends. What is told
// goes to see: a snapshot that is empty says that the caller is to load.
func watch(ctx context.Context, s backend.Store, have backend.Version, see func(backend.Snapshot), hear func(error)) {
	for ctx.Err() == nil {
		err := s.(backend.Watcher).Watch(ctx, have, func(snap backend.Snapshot) {
			if snap.Version == "" {
				loaded, err := s.Load(ctx, have)
				if err != nil {
					if !errors.Is(err, backend.ErrNotModified) && !errors.Is(err, backend.ErrNoVault) {
						hear(err)
					}
					return
				}
				snap = loaded
			}
			have = snap.Version
			see(snap)
		})
		if err != nil && ctx.Err() == nil {
			hear(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// trial is one check under way.
type trial struct {
	ctx   context.Context
	h     Harness
	place Place
	more  func() Place // makes another place

	mu      sync.Mutex
	clients []backend.Store
	said    []string
}

func newTrial(ctx context.Context, h Harness, t testing.TB) *trial {
	return &trial{ctx: ctx, h: h, place: h.New(t), more: func() Place { return h.New(t) }}
}

func (t *trial) close() {
	for _, s := range t.clients {
		closeStore(s)
	}
}

func closeStore(s backend.Store) {
	if c, ok := s.(io.Closer); ok {
		_ = c.Close()
	}
}

// cannot says why a check is left out; "" if it is not.
func (t *trial) cannot(c check) string {
	switch {
	case c.needs&saves != 0 && t.place.Put != nil:
		return "the store does not save"
	case c.needs&reads != 0 && t.place.Put == nil:
		return "the store saves"
	case c.needs&limit != 0 && t.h.MaxSize == 0:
		return "the harness names no limit"
	}
	if c.needs&watches != 0 {
		s, err := t.open()
		if err != nil {
			return "" // the check reports it
		}
		if _, ok := s.(backend.Watcher); !ok {
			return "the store does not watch"
		}
	}
	return ""
}

func (t *trial) open() (backend.Store, error) { return t.openIn(t.place) }

func (t *trial) openIn(p Place) (backend.Store, error) {
	s, err := p.Open()
	if err != nil {
		t.hear(err.Error())
		return nil, fmt.Errorf("open: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clients = append(t.clients, s)
	t.said = append(t.said, s.Name())
	return s, nil
}

func (t *trial) hear(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = append(t.said, text)
}

// within calls act, and does not wait longer for it than the time limit allows,
// even if it minds no context.
func (t *trial) within(ctx context.Context, act func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, t.h.Timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- act(ctx) }()
	late := time.NewTimer(2 * t.h.Timeout)
	defer late.Stop()
	select {
	case err := <-done:
		if err != nil {
			t.hear(err.Error())
		}
		return err
	case <-late.C:
		return fmt.Errorf("it did not return within %v, though its context ended after %v", 2*t.h.Timeout, t.h.Timeout)
	}
}

func (t *trial) load(s backend.Store, have backend.Version) (backend.Snapshot, error) {
	return t.loadIn(t.ctx, s, have)
}

func (t *trial) loadIn(ctx context.Context, s backend.Store, have backend.Version) (snap backend.Snapshot, err error) {
	got := make(chan backend.Snapshot, 1)
	err = t.within(ctx, func(ctx context.Context) error {
		snap, err := s.Load(ctx, have)
		got <- snap
		return err
	})
	select {
	case snap = <-got:
	default: // it did not return
	}
	if err != nil && (snap.Blob != nil || snap.Version != "") {
		err = errors.New("load gave a document together with an error: " + err.Error()) // not one that a check wants
	}
	return snap, err
}

func (t *trial) save(s backend.Store, blob []byte, prev backend.Version) (backend.Version, error) {
	return t.saveIn(t.ctx, s, blob, prev)
}

func (t *trial) saveIn(ctx context.Context, s backend.Store, blob []byte, prev backend.Version) (v backend.Version, err error) {
	got := make(chan backend.Version, 1)
	err = t.within(ctx, func(ctx context.Context) error {
		v, err := s.Save(ctx, blob, prev)
		got <- v
		return err
	})
	select {
	case v = <-got:
	default:
	}
	switch {
	case err == nil && v == "":
		err = errors.New("save gave the empty version, which stands for nothing")
	case err != nil && v != "":
		err = errors.New("save gave a version together with an error: " + err.Error())
	}
	return v, err
}

// put makes the place hold a document, and returns its version.
func (t *trial) put(s backend.Store, blob []byte, prev backend.Version) (backend.Version, error) {
	if t.place.Put == nil {
		return t.save(s, blob, prev)
	}
	if err := t.place.Put(blob); err != nil {
		return "", fmt.Errorf("the harness cannot put a document into the place: %w", err)
	}
	snap, err := t.load(s, prev)
	return snap.Version, err
}

func (t *trial) leaked() string {
	for _, secret := range t.h.Secrets {
		for _, text := range t.said {
			if secret != "" && strings.Contains(text, secret) {
				return strings.ReplaceAll(text, secret, "<the secret>")
			}
		}
	}
	return ""
}
