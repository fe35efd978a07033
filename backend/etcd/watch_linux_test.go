package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/etcd"
)

// follower runs a watch, and keeps what it told.
type follower struct {
	mu    sync.Mutex
	told  []backend.Snapshot
	news  chan struct{}
	ended chan error
	end   context.CancelFunc
}

func follow(t *testing.T, s *etcd.Store, have backend.Version) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{news: make(chan struct{}, 1), ended: make(chan error, 1), end: cancel}
	go func() {
		f.ended <- s.Watch(ctx, have, func(snap backend.Snapshot) {
			f.mu.Lock()
			f.told = append(f.told, snap)
			f.mu.Unlock()
			select {
			case f.news <- struct{}{}:
			default:
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-f.ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the watch ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("the watch does not end with its context")
		}
	})
	return f
}

// until waits until the last thing told is text; "" is that the document is gone.
func (f *follower) until(t *testing.T, text string) time.Duration {
	t.Helper()
	begun := time.Now()
	late := time.After(patience)
	for {
		f.mu.Lock()
		n := len(f.told)
		var last backend.Snapshot
		if n > 0 {
			last = f.told[n-1]
		}
		f.mu.Unlock()
		if n > 0 && string(last.Blob) == text && (text != "" || last.Version == "") {
			return time.Since(begun)
		}
		select {
		case <-f.news:
		case <-late:
			t.Fatalf("after %v %d were told, the last is %q, want %q", patience, n, last.Blob, text)
		}
	}
}

// forward fails the test if the watch ever went back.
func (f *follower) forward(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	before := 0
	for _, snap := range f.told {
		if snap.Version == "" {
			continue
		}
		n, err := strconv.Atoi(string(snap.Version))
		if err != nil || n < before {
			t.Errorf("version %q after %d", snap.Version, before)
		}
		before = n
	}
}

func TestWatchTellsOfAllThatHappens(t *testing.T) {
	c := running(t)
	s := c.open(t, "app", "/app/watched")
	f := follow(t, c.open(t, "reader", "/app/watched"), "")
	v, err := s.Save(t.Context(), []byte("one"), "")
	if err != nil {
		t.Fatal(err)
	}
	f.until(t, "one")
	late := follow(t, c.open(t, "reader", "/app/watched"), v)
	foreign := follow(t, c.open(t, "reader", "/app/watched"), "made-up")
	foreign.until(t, "one")
	large := blobOf(2*mebibyte, 1)
	if v, err = s.Save(t.Context(), large, v); err != nil {
		t.Fatal(err)
	}
	f.until(t, string(large))
	late.until(t, string(large))
	c.del(t, "/app/watched")
	f.until(t, "")
	late.until(t, "")
	if _, err = s.Save(t.Context(), []byte("again"), v); !errors.Is(err, backend.ErrConflict) {
		t.Errorf("a save over a document that is gone: %v", err)
	}
	if _, err = s.Save(t.Context(), []byte("again"), ""); err != nil {
		t.Fatal(err)
	}
	f.until(t, "again")
	late.until(t, "again")
	gone := follow(t, c.open(t, "reader", "/app/nothing"), "5")
	gone.until(t, "") // it is not what the caller has
	f.forward(t)
	late.forward(t)
}

// TestWatchAfterCompaction begins at a revision that the cluster has forgotten.
func TestWatchAfterCompaction(t *testing.T) {
	c := running(t)
	s := c.open(t, "app", "/app/compacted")
	first, err := s.Save(t.Context(), []byte("one"), "")
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Save(t.Context(), []byte("two"), first)
	if err != nil {
		t.Fatal(err)
	}
	c.put(t, "/app/noise", "x")
	c.compact(t)
	behind := follow(t, c.open(t, "reader", "/app/compacted"), first)
	behind.until(t, "two")
	level := follow(t, c.open(t, "reader", "/app/compacted"), second)
	if _, err := s.Save(t.Context(), []byte("three"), second); err != nil {
		t.Fatal(err)
	}
	behind.until(t, "three")
	level.until(t, "three")
	if len(level.told) != 1 {
		t.Errorf("a watcher that was level was told %d times", len(level.told))
	}
}

// TestWatchOfAClusterThatWentBack: revisions of the caller are ahead, as after a
// restore, and the watch must not wait until they are reached.
func TestWatchOfAClusterThatWentBack(t *testing.T) {
	c := running(t)
	s := c.open(t, "app", "/app/back")
	v, err := s.Save(t.Context(), []byte("restored"), "")
	if err != nil {
		t.Fatal(err)
	}
	f := follow(t, c.open(t, "reader", "/app/back"), "900000000")
	f.until(t, "") // the caller is to load, and to judge
	if _, err := s.Save(t.Context(), []byte("new"), v); err != nil {
		t.Fatal(err)
	}
	f.until(t, "new")
}

// TestWatchSurvivesEachServer takes one server after the other away, by killing and by
// stopping it, and saves meanwhile.
func TestWatchSurvivesEachServer(t *testing.T) {
	c := running(t)
	s := c.open(t, "app", "/app/survives")
	v, err := s.Save(t.Context(), []byte("first"), "")
	if err != nil {
		t.Fatal(err)
	}
	var followers []*follower
	for range 4 { // each begins with a server that is drawn
		followers = append(followers, follow(t, c.open(t, "reader", "/app/survives"), ""))
	}
	for i, n := range c.nodes {
		sig := syscall.SIGKILL
		if i == 0 {
			sig = syscall.SIGSTOP
		}
		n.signal(sig)
		text := fmt.Sprintf("without %d", i)
		if v, err = saveCertainly(t, s, text, v); err != nil {
			t.Fatal(err)
		}
		for _, f := range followers {
			took := f.until(t, text)
			t.Logf("%s: told after %v", text, took.Round(time.Millisecond))
		}
		if sig == syscall.SIGSTOP {
			n.signal(syscall.SIGCONT)
		} else if err := n.start(); err != nil {
			t.Fatal(err)
		}
		if err := c.ready(); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range followers {
		f.forward(t)
	}
}

// saveCertainly saves, and finds out as the vault does what became of it.
func saveCertainly(t *testing.T, s *etcd.Store, text string, v backend.Version) (backend.Version, error) {
	var saved backend.Version
	err := eventually(func() error {
		next, err := s.Save(t.Context(), []byte(text), v)
		if err != nil {
			snap, lerr := s.Load(t.Context(), "")
			if lerr != nil {
				return lerr
			}
			if string(snap.Blob) != text {
				v = snap.Version
				return err
			}
			next = snap.Version
		}
		saved = next
		return nil
	})
	return saved, err
}

// TestWatchOfAMinority: a server that lives but has lost the others ends a watch.
func TestWatchOfAMinority(t *testing.T) {
	c := running(t)
	s := c.open(t, "app", "/app/minority")
	v, err := s.Save(t.Context(), []byte("first"), "")
	if err != nil {
		t.Fatal(err)
	}
	f := follow(t, c.open(t, "reader", "/app/minority"), "")
	f.until(t, "first")
	c.nodes[0].signal(syscall.SIGKILL)
	c.nodes[1].signal(syscall.SIGKILL)
	short := c.options("app")
	short.Timeout = 3 * time.Second
	lonely, err := etcd.Open("etcd://"+c.endpoints()+"/app/minority", short)
	if err != nil {
		t.Fatal(err)
	}
	defer lonely.Close()
	if _, err := lonely.Load(t.Context(), ""); !errors.Is(err, backend.ErrUnreachable) {
		t.Errorf("load without a quorum: %v", err)
	}
	_, err = lonely.Save(t.Context(), []byte("nobody"), v)
	if !errors.Is(err, backend.ErrUncertain) && !errors.Is(err, backend.ErrUnreachable) {
		t.Errorf("save without a quorum: %v", err)
	}
	for _, n := range c.nodes[:2] {
		if err := n.start(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.ready(); err != nil {
		t.Fatal(err)
	}
	if _, err := saveCertainly(t, s, "second", v); err != nil {
		t.Fatal(err)
	}
	f.until(t, "second")
	f.forward(t)
}

// TestHungServerWithoutTLS has no pings of HTTP/2; the watch asks beside it.
func TestHungServerWithoutTLS(t *testing.T) {
	c := alone(t)
	s := c.open(t, "", "/app/hung")
	f := follow(t, c.open(t, "", "/app/hung"), "")
	v, err := s.Save(t.Context(), []byte("first"), "")
	if err != nil {
		t.Fatal(err)
	}
	f.until(t, "first")
	n := c.nodes[0]
	n.signal(syscall.SIGSTOP)
	o := etcd.Options{Timeout: 2 * time.Second}
	hung, err := etcd.Open("etcd+http://"+n.host()+"/app/hung", o)
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	if _, err := hung.Load(t.Context(), ""); !errors.Is(err, backend.ErrUnreachable) {
		t.Errorf("load from a server that hangs: %v", err)
	}
	n.signal(syscall.SIGCONT)
	if _, err := saveCertainly(t, s, "second", v); err != nil {
		t.Fatal(err)
	}
	f.until(t, "second")
}
