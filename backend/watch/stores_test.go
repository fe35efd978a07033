package watch_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/watch"
)

// memory is a store that is no file, whose watch can be broken.
type memory struct {
	mu      sync.Mutex
	blob    []byte
	version int
	told    chan struct{} // closed at each change
	broken  chan struct{} // closed when watches break
	watches int
}

func newMemory() *memory { return &memory{told: make(chan struct{}), broken: make(chan struct{})} }

func (m *memory) Name() string { return "memory" }

func (m *memory) Load(_ context.Context, have backend.Version) (backend.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch v := backend.Version(strconv.Itoa(m.version)); {
	case m.version == 0:
		return backend.Snapshot{}, backend.ErrNoVault
	case v == have:
		return backend.Snapshot{}, backend.ErrNotModified
	default:
		return backend.Snapshot{Blob: m.blob, Version: v}, nil
	}
}

func (m *memory) Save(_ context.Context, blob []byte, _ backend.Version) (backend.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blob, m.version = blob, m.version+1
	close(m.told)
	m.told = make(chan struct{})
	return backend.Version(strconv.Itoa(m.version)), nil
}

// begun waits until so many watches were begun.
func (m *memory) begun(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		m.mu.Lock()
		watches := m.watches
		m.mu.Unlock()
		if watches >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d watches were begun, not %d", watches, n)
		}
	}
}

// breakWatches ends all watches with an error.
func (m *memory) breakWatches() {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.broken)
	m.broken = make(chan struct{})
}

// pushing is a memory that tells.
type pushing struct{ *memory }

func (p pushing) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	p.mu.Lock()
	p.watches++
	broken := p.broken
	p.mu.Unlock()
	for {
		p.mu.Lock()
		told, version := p.told, backend.Version(strconv.Itoa(p.version))
		p.mu.Unlock()
		if version != have {
			have = version
			notify(backend.Snapshot{Version: version})
		}
		select {
		case <-told:
		case <-broken:
			return errors.New("broken")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// elsewhere is a vault in a store, watched, and a second opening of it to write.
func elsewhere(t *testing.T, store backend.Store, poll time.Duration) (writer *backend.Vault, w *watched) {
	t.Helper()
	dir := t.TempDir()
	makeVault(t, dir, "a: 0\n") // for its key
	c, err := config.Resolve(config.Overrides{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Options()
	if err != nil {
		t.Fatal(err)
	}
	o.Store = store
	if _, err := backend.Init(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	open := func() *backend.Vault {
		v, err := backend.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	writer = open()
	w = &watched{TB: t, dir: dir, layers: backend.Layers{open()}, calls: make(chan told, 10_000)}
	r := watch.Watcher{Layers: w.layers, Poll: poll, Changed: func(names []string, err error) { w.calls <- told{names, err} }}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return writer, w
}

func edit(t *testing.T, v *backend.Vault, text string) {
	t.Helper()
	if _, err := v.Update(t.Context(), func([]byte) ([]byte, error) { return []byte(text), nil }); err != nil {
		t.Fatal(err)
	}
}

// TestAStoreTells has changes taken up at once although polling would take hours,
// before and after the watch broke.
func TestAStoreTells(t *testing.T) {
	store := newMemory()
	writer, w := elsewhere(t, pushing{store}, time.Hour)
	edit(t, writer, "a: one\n")
	w.value("a", "one")
	store.begun(t, 1)
	store.breakWatches()
	edit(t, writer, "a: two\n") // perhaps while nobody watches
	w.value("a", "two")
	edit(t, writer, "a: three\n")
	w.value("a", "three")
	store.begun(t, 2)
}

// TestAStoreThatDoesNotTellIsPolled has a store without Watch.
func TestAStoreThatDoesNotTellIsPolled(t *testing.T) {
	writer, w := elsewhere(t, newMemory(), 20*time.Millisecond)
	for i := range 5 {
		text := "n" + strconv.Itoa(i)
		edit(t, writer, "a: "+text+"\n")
		w.value("a", text)
	}
}

func TestAVaultOfAFileIsNotWatchable(t *testing.T) {
	dir := t.TempDir()
	makeVault(t, dir, "a: 1\n")
	v, err := config.Open(t.Context(), config.Overrides{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if v.Watchable() {
		t.Error("it says that it is")
	}
	if err := v.Watch(t.Context(), func() {}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
