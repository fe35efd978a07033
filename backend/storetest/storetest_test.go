package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

// memory is a place in memory, with switches that break one rule each.
type memory struct {
	bug   string
	limit int

	mu      sync.Mutex
	changed chan struct{} // closed at the next save
	blob    []byte
	version int // 0: nothing is stored
	old     []byte
	saves   int
}

func newMemory(bug string) *memory {
	return &memory{bug: bug, limit: 2 << 20, changed: make(chan struct{})}
}

func (m *memory) place() Place {
	return Place{Open: func() (backend.Store, error) { return &client{memory: m}, nil }}
}

// client is a store of the place.
type client struct {
	*memory
	cached backend.Snapshot
}

func (c *client) Name() string {
	if c.bug == "name of two lines" {
		return "memory:\nsecret"
	}
	return "memory"
}

// network takes as long as one would, so that writers meet.
func network() { time.Sleep(rand.N(time.Millisecond)) }

func (c *client) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	network()
	if ctx.Err() != nil {
		if c.bug == "canceled is nothing" {
			return backend.Snapshot{}, backend.ErrNoVault
		}
		return backend.Snapshot{}, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bug == "loads its own cache" && c.cached.Version != "" {
		return c.answer(c.cached, have)
	}
	if c.version == 0 {
		switch c.bug {
		case "nothing is an empty document":
			return backend.Snapshot{}, nil
		case "nothing is not modified":
			if have != "" {
				return backend.Snapshot{}, backend.ErrNotModified
			}
		}
		return backend.Snapshot{}, fmt.Errorf("memory: %w", backend.ErrNoVault)
	}
	snap := backend.Snapshot{Blob: bytes.Clone(c.blob), Version: c.format(c.version)}
	switch {
	case c.bug == "gives its own slice":
		snap.Blob = c.blob
	case c.bug == "trims":
		snap.Blob = bytes.TrimSpace(snap.Blob)
	case c.bug == "one version for all":
		snap.Version = "1"
	case c.bug == "document beside an error" && snap.Version == have:
		return snap, backend.ErrNotModified
	case c.bug == "loads the one before" && c.saves%3 == 0 && c.version > 2:
		snap = backend.Snapshot{Blob: bytes.Clone(c.old), Version: c.format(c.version - 1)}
	case c.bug == "tears" && c.version > 10:
		snap.Blob[len(snap.Blob)-1]++
	}
	c.cached = snap
	return c.answer(snap, have)
}

func (c *client) answer(snap backend.Snapshot, have backend.Version) (backend.Snapshot, error) {
	if snap.Version == have && c.bug != "loads always" {
		return backend.Snapshot{}, backend.ErrNotModified
	}
	return snap, nil
}

func (c *client) format(version int) backend.Version {
	return backend.Version(strconv.Itoa(version))
}

func (c *client) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	network()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saves++
	switch {
	case c.bug == "canceled is a conflict" && ctx.Err() != nil:
		return "", backend.ErrConflict
	case c.bug == "canceled and written" && ctx.Err() != nil:
		c.write(blob)
		return "", ctx.Err()
	case ctx.Err() != nil:
		return "", ctx.Err()
	case len(blob) > c.limit && c.bug != "no limit":
		return "", fmt.Errorf("%w: at most %d bytes", backend.ErrTooLarge, c.limit)
	}
	want, err := strconv.Atoi(string(prev))
	switch {
	case prev == "":
		if c.version != 0 && c.bug != "creates over" {
			return "", c.conflict()
		}
	case err != nil && c.bug == "own error for a made-up version":
		return "", err
	case c.version == 0 && c.bug == "saves over nothing":
	case c.bug == "compares now and then" && c.saves%10 == 0:
	case c.bug == "any version will do":
	case want != c.version || c.version == 0:
		if c.bug == "conflict and written" && c.saves%10 == 0 {
			c.write(blob)
		}
		return "", c.conflict()
	}
	switch {
	case c.bug == "fails and written" && c.saves%10 == 0:
		c.write(blob)
		return "", errors.New("connection reset")
	case c.bug == "uncertain" && c.saves%10 == 0:
		if c.saves%20 == 0 {
			c.write(blob)
		}
		return "", fmt.Errorf("memory: %w", backend.ErrUncertain)
	case c.bug == "acknowledges and forgets" && c.saves%10 == 0:
		return c.format(c.version), nil
	case c.bug == "keeps the caller's slice":
		c.write(nil)
		c.blob = blob
	default:
		c.write(blob)
	}
	return c.format(c.version), nil
}

func (c *client) conflict() error {
	if c.bug == "tells a secret" {
		return fmt.Errorf("hunter2: %w", backend.ErrConflict)
	}
	return backend.ErrConflict
}

func (m *memory) write(blob []byte) {
	m.old, m.blob = m.blob, bytes.Clone(blob)
	m.version++
	close(m.changed)
	m.changed = make(chan struct{})
}

// watching is a client that watches.
type watching struct{ *client }

func (w watching) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	var before *backend.Snapshot
	for n := 0; ; n++ {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		snap, err := w.Load(ctx, have)
		switch {
		case err == nil && w.bug == "tells only what follows" && n == 0:
			have = snap.Version
		case err == nil:
			if w.bug == "tells no document" {
				notify(backend.Snapshot{})
			} else {
				notify(snap)
			}
			have = snap.Version
			if before != nil && w.bug == "watch goes back" {
				notify(*before)
			}
			before = &snap
		}
		if w.bug == "watch ends never" {
			<-make(chan int)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func watchPlace(bug string) Place {
	m := newMemory(bug)
	return Place{Open: func() (backend.Store, error) { return watching{&client{memory: m}}, nil }}
}

func TestAGoodStorePasses(t *testing.T) {
	Run(t, Harness{New: func(testing.TB) Place { return newMemory("").place() }, MaxSize: 2 << 20})
}

func TestAWatchingStorePasses(t *testing.T) {
	for _, bug := range []string{"", "tells no document"} { // the latter is none
		t.Run(bug, func(t *testing.T) {
			Run(t, Harness{New: func(testing.TB) Place { return watchPlace(bug) }})
		})
	}
}

// onlyReads is a client that does not save.
type onlyReads struct{ *client }

func (onlyReads) Save(context.Context, []byte, backend.Version) (backend.Version, error) {
	return "", errors.New("it is for reading alone")
}

func TestAReadingStorePasses(t *testing.T) {
	Run(t, Harness{New: func(testing.TB) Place {
		m := newMemory("")
		return Place{
			Open: func() (backend.Store, error) { return onlyReads{&client{memory: m}}, nil },
			Put: func(blob []byte) error {
				m.mu.Lock()
				defer m.mu.Unlock()
				m.write(blob)
				return nil
			},
		}
	}})
}

func TestEachBugIsFound(t *testing.T) {
	bugs := map[string]string{ // bug: the check that finds it
		"name of two lines":               "name is one short line",
		"nothing is an empty document":    "load of nothing is ErrNoVault",
		"nothing is not modified":         "load of nothing is ErrNoVault",
		"one version for all":             "what was stored is loaded",
		"loads always":                    "load of the version at hand is ErrNotModified",
		"document beside an error":        "load of the version at hand is ErrNotModified",
		"trims":                           "bytes stay as they are",
		"no limit":                        "a document of the greatest size is stored, one byte more is ErrTooLarge",
		"gives its own slice":             "a loaded document is the caller's own",
		"keeps the caller's slice":        "a loaded document is the caller's own",
		"canceled is nothing":             "a canceled load returns and says nothing wrong",
		"canceled is a conflict":          "a canceled save is not silently made",
		"canceled and written":            "a canceled save is not silently made",
		"creates over":                    "create makes no second document",
		"saves over nothing":              "save over nothing is ErrConflict",
		"any version will do":             "save over another's is ErrConflict",
		"own error for a made-up version": "save with a made-up version is ErrConflict",
		"loads its own cache":             "clients see one another's saves at once",
		"compares now and then":           "of many that save over one version one succeeds",
		"tells only what follows":         "watch tells of what is stored and of what follows",
		"watch ends never":                "watch tells of what is stored and of what follows",
	}
	for bug, name := range bugs {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			h := Harness{New: func(testing.TB) Place { return watchPlace(bug) }, MaxSize: 2 << 20, Timeout: 5 * time.Second}
			if strings.Contains(bug, "watch") || strings.Contains(bug, "follows") {
				h.Timeout = 100 * time.Millisecond
			}
			for _, c := range checks {
				if c.name != name {
					continue
				}
				if err := c.run(newTrial(t.Context(), h, t)); err == nil {
					t.Errorf("the check %q did not find it", name)
				}
				return
			}
			t.Errorf("there is no check %q", name)
		})
	}
}

func TestASecretInAnErrorIsFound(t *testing.T) {
	tr := newTrial(t.Context(), Harness{New: func(testing.TB) Place { return newMemory("tells a secret").place() }, Secrets: []string{"hunter2"}, Timeout: time.Second}, t)
	if err := checkCreate(tr); err != nil {
		t.Fatal(err)
	}
	if text := tr.leaked(); text == "" || strings.Contains(text, "hunter2") {
		t.Errorf("it says %q", text)
	}
}

func TestWritersFindEachBug(t *testing.T) {
	const gone = "without it|went back|lost: " // whoever comes first says it
	for bug, texts := range map[string]string{ // bug: what is said
		"compares now and then":    gone,
		"any version will do":      gone,
		"acknowledges and forgets": gone,
		"conflict and written":     gone + "|was refused",
		"fails and written":        "was refused, and it is there",
		"loads the one before":     gone,
		"loads its own cache":      gone + "|time is over",
		"one version for all":      "stands for two documents",
		"tears":                    "torn",
		"watch goes back":          "went back",
		"watch ends never":         "did not",
	} {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			c := Contention{Size: 1000, Limit: 5 * time.Second}
			if bug == "watch ends never" {
				c.Timeout = 200 * time.Millisecond
			}
			report, err := Contend(t.Context(), watchPlace(bug), c)
			if err != nil {
				for text := range strings.SplitSeq(texts, "|") {
					if strings.Contains(err.Error(), text) {
						return
					}
				}
			}
			t.Errorf("it was not found: %v\n%v", err, report)
		})
	}
}

func TestUncertainSavesAreNoFault(t *testing.T) {
	report, err := Contend(t.Context(), newMemory("uncertain").place(), Contention{Saves: 40})
	if err != nil {
		t.Fatal(err)
	}
	if report.Uncertain == 0 || report.Landed == 0 || report.Landed == report.Uncertain {
		t.Errorf("%v", report)
	}
}

func TestWritersGoOnUntilTheFaultsAreOver(t *testing.T) {
	place, over := newMemory("").place(), make(chan struct{})
	place.Faults = func(ctx context.Context) error {
		defer close(over)
		select {
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
		}
		return nil
	}
	report, err := Contend(t.Context(), place, Contention{Saves: 1, Poll: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-over:
	default:
		t.Error("it did not wait")
	}
	if report.Acknowledged < 6*savesAfterFaults || report.Took < 300*time.Millisecond {
		t.Errorf("%v", report)
	}
}
