package lastgood_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/lastgood"
)

// server is a store that counts its versions, and can be down.
type server struct {
	mu    sync.Mutex
	blob  string
	count int
	down  error
	hangs bool
}

func (s *server) Name() string { return "server" }

func (s *server) put(blob string, count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blob, s.count = blob, count
}

func (s *server) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hangs {
		<-ctx.Done()
		return backend.Snapshot{}, ctx.Err()
	}
	version := backend.Version(strconv.Itoa(s.count))
	switch {
	case s.down != nil:
		return backend.Snapshot{}, s.down
	case s.count == 0:
		return backend.Snapshot{}, backend.ErrNoVault
	case version == have:
		return backend.Snapshot{}, backend.ErrNotModified
	}
	return backend.Snapshot{Blob: []byte(s.blob), Version: version}, nil
}

func (s *server) Save(_ context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return "", s.down
	}
	if have := strconv.Itoa(s.count); string(prev) != have && (s.count != 0 || prev != "") {
		return "", backend.ErrConflict
	}
	s.blob, s.count = string(blob), s.count+1
	return backend.Version(strconv.Itoa(s.count)), nil
}

// fixture is a server, a copy and what was told of it.
type fixture struct {
	*testing.T
	server *server
	path   string
	stale  []lastgood.Stale
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{T: t, server: &server{}, path: filepath.Join(t.TempDir(), "cache", "x.copy")}
	f.server.put("first", 1)
	return f
}

func (f *fixture) open(change ...func(*lastgood.Options)) backend.Store {
	o := lastgood.Options{Path: f.path,
		Stale:  func(s lastgood.Stale) { f.stale = append(f.stale, s) },
		Unkept: func(err error) { f.Errorf("unkept: %v", err) }}
	for _, c := range change {
		c(&o)
	}
	return lastgood.New(f.server, o)
}

func (f *fixture) loads(s backend.Store, have backend.Version, want string, wantErr error) {
	f.Helper()
	snap, err := s.Load(f.Context(), have)
	if string(snap.Blob) != want || !errors.Is(err, wantErr) || err == nil && wantErr != nil {
		f.Errorf("load gave %q, %v; want %q, %v", snap.Blob, err, want, wantErr)
	}
}

var errDown = fmt.Errorf("%w: connection refused", backend.ErrUnreachable)

func TestACopyAnswersWhileTheStoreIsDown(t *testing.T) {
	f := newFixture(t)
	f.server.down = errDown
	f.loads(f.open(), "", "", backend.ErrUnreachable)
	f.server.down = nil
	f.loads(f.open(), "", "first", nil)
	hour := time.Now().Add(-time.Hour)
	if err := os.Chtimes(f.path, hour, hour); err != nil {
		t.Fatal(err)
	}
	f.server.down = errDown
	another := f.open()
	f.loads(another, "", "first", nil)
	f.loads(another, "1", "", backend.ErrNotModified)
	if len(f.stale) != 2 || f.stale[0].Age < time.Hour || f.stale[0].Age > 2*time.Hour || !errors.Is(f.stale[0].Cause, backend.ErrUnreachable) {
		t.Errorf("told %v", f.stale)
	}
	f.loads(f.open(func(o *lastgood.Options) { o.Fresh = true }), "", "", backend.ErrUnreachable)
	f.server.down = nil
	f.loads(another, "1", "", backend.ErrNotModified) // which makes the copy young again
	f.server.down = errDown
	f.loads(another, "", "first", nil)
	if age := f.stale[len(f.stale)-1].Age; age > time.Minute {
		t.Errorf("the copy is %v old after the store confirmed it", age)
	}
}

func TestAStoreThatHangsIsNotWaitedFor(t *testing.T) {
	f := newFixture(t)
	quick := f.open(func(o *lastgood.Options) { o.Timeout = 10 * time.Millisecond })
	f.loads(quick, "", "first", nil)
	f.server.hangs = true
	f.loads(quick, "", "first", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := quick.Load(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

// TestWhatAStoreAnswersCounts has errors that are answers: no copy takes their place.
func TestWhatAStoreAnswersCounts(t *testing.T) {
	f := newFixture(t)
	s := f.open()
	f.loads(s, "", "first", nil)
	denied := errors.New("this user may not read")
	f.server.down = denied
	f.loads(s, "", "", denied)
	f.server.down = nil
	f.server.put("", 0)
	f.loads(s, "", "", backend.ErrNoVault)
}

func TestTheFileIsForTheUserAlone(t *testing.T) {
	f := newFixture(t)
	f.loads(f.open(), "", "first", nil)
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: Windows has no permission bits")
	}
	for path, want := range map[string]os.FileMode{f.path: 0o600, filepath.Dir(f.path): 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestAnOlderDocumentIsRefused(t *testing.T) {
	f := newFixture(t)
	s := f.open()
	f.loads(s, "", "first", nil)
	f.server.put("second", 2)
	f.loads(s, "1", "second", nil)
	f.server.put("first", 3) // as new, says the server
	f.loads(s, "2", "", lastgood.ErrRollback)
	f.loads(f.open(), "", "", lastgood.ErrRollback)
	f.server.put("third", 4)
	f.loads(s, "2", "third", nil)

	f.server.put("never seen", 3)
	f.loads(s, "2", "never seen", nil) // nobody can tell that it is old
	f.server.put("fourth", 5)
	f.loads(s, "2", "fourth", nil)
	f.server.put("never seen either", 4)
	counting := f.open(func(o *lastgood.Options) {
		o.Older = func(a, b backend.Version) bool { return a < b }
	})
	f.loads(counting, "", "", lastgood.ErrRollback)

	if err := lastgood.Accept(t.Context(), f.server, lastgood.Options{Path: f.path}); err != nil {
		t.Fatal(err)
	}
	f.loads(counting, "", "never seen either", nil)
	f.server.put("second", 6)
	f.loads(counting, "", "", lastgood.ErrRollback)
	if err := lastgood.Accept(t.Context(), f.server, lastgood.Options{Path: f.path}); err != nil {
		t.Fatal(err)
	}
	f.loads(counting, "", "second", nil)
}

func TestTheMemoryIsBounded(t *testing.T) {
	f := newFixture(t)
	s := f.open()
	for i := range lastgood.Remembered + 20 {
		f.server.put("blob "+strconv.Itoa(i), i+1)
		f.loads(s, "", "blob "+strconv.Itoa(i), nil)
	}
	info, err := os.Stat(f.path)
	if err != nil || info.Size() > 70*lastgood.Remembered {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
	f.server.put("blob "+strconv.Itoa(lastgood.Remembered), 9999)
	f.loads(s, "", "", lastgood.ErrRollback)
}

func TestNothingIsSavedAgainstACopy(t *testing.T) {
	f := newFixture(t)
	f.loads(f.open(), "", "first", nil)
	save := func(s backend.Store, want error) {
		t.Helper()
		if _, err := s.Save(t.Context(), []byte("mine"), "1"); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("saved with %v, want %v", err, want)
		}
	}
	f.server.down = errDown
	s := f.open()
	f.loads(s, "", "first", nil)
	save(s, backend.ErrUnreachable)
	f.server.down = nil
	f.server.put("theirs", 2)
	save(s, backend.ErrConflict)

	f.server.put("first", 1) // as if nothing had happened
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	f.loads(f.open(), "", "first", nil)
	f.server.down = errDown
	s = f.open()
	f.loads(s, "", "first", nil)
	f.server.down = nil
	save(s, nil)
	f.server.down = errDown
	f.loads(f.open(), "", "mine", nil)
}

func TestADamagedCopyIsNone(t *testing.T) {
	f := newFixture(t)
	for _, text := range []string{"", "{}", "not json\nblob", `{"flask_vault_copy":1,"version":"1","sha256":"00"}` + "\nblob"} {
		f.server.down = nil
		f.loads(f.open(), "", "first", nil)
		if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.server.down = errDown
		f.loads(f.open(), "", "", backend.ErrUnreachable)
	}
}

// TestManyAtOnce has readers and writers of several processes share one copy: none
// takes what another one took up first for going back.
func TestManyAtOnce(t *testing.T) {
	f := newFixture(t)
	var wg sync.WaitGroup
	for writer := range 3 {
		wg.Go(func() {
			s := f.open()
			for i := 0; i < 15; {
				snap, err := s.Load(t.Context(), "")
				if err != nil {
					t.Errorf("load: %v", err)
					return
				}
				_, err = s.Save(t.Context(), fmt.Appendf(nil, "%d %d", writer, i), snap.Version)
				if err == nil {
					i++
				} else if !errors.Is(err, backend.ErrConflict) {
					t.Errorf("save: %v", err)
					return
				}
			}
		})
		wg.Go(func() {
			s := f.open()
			var have backend.Version
			for have != "46" { // 1 and 3 times 15
				snap, err := s.Load(t.Context(), have)
				if err == nil {
					have = snap.Version
				} else if !errors.Is(err, backend.ErrNotModified) {
					t.Errorf("load: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestWhatIsUnreachable(t *testing.T) {
	_, noFile := os.Open(filepath.Join(t.TempDir(), "none"))
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{errDown, true},
		{&os.SyscallError{Syscall: "connect", Err: os.ErrDeadlineExceeded}, true},
		{noFile, false},
		{errors.New("denied"), false},
		{nil, false},
	} {
		if got := lastgood.Unreachable(tc.err); got != tc.want {
			t.Errorf("%v: %v", tc.err, got)
		}
	}
}

func TestTheDefaultPath(t *testing.T) {
	a, err := lastgood.Path("etcd://one/shop")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := lastgood.Path("etcd://two/shop")
	if a == b || !strings.HasSuffix(a, ".copy") || filepath.Base(filepath.Dir(a)) != "flask-vault" {
		t.Errorf("%s, %s", a, b)
	}
}

func Example() {
	dir, _ := os.MkdirTemp("", "lastgood")
	defer os.RemoveAll(dir)
	remote := &server{}
	remote.put("sealed", 1)
	store := lastgood.New(remote, lastgood.Options{
		Path:  filepath.Join(dir, "vault.copy"),
		Stale: func(s lastgood.Stale) { fmt.Println(s.Age < time.Minute, s.Cause) },
	})
	snap, err := store.Load(context.Background(), "")
	fmt.Printf("%s %v\n", snap.Blob, err)

	remote.down = backend.ErrUnreachable
	snap, err = store.Load(context.Background(), "")
	fmt.Printf("%s %v\n", snap.Blob, err)
	// Output:
	// sealed <nil>
	// true the store cannot be reached
	// sealed <nil>
}

// TestWhatIsNoDocumentIsNotKept has a proxy answer with a page of its own in between.
func TestWhatIsNoDocumentIsNotKept(t *testing.T) {
	remote := &server{}
	page := errors.New("a page")
	o := lastgood.Options{
		Path: filepath.Join(t.TempDir(), "copy"),
		Check: func(blob []byte) error {
			if string(blob) == "page" {
				return page
			}
			return nil
		},
	}
	store := lastgood.New(remote, o)
	for i, blob := range []string{"good", "page", "good", "page"} {
		remote.put(blob, 1+i%2)
		if snap, err := store.Load(t.Context(), ""); err != nil || string(snap.Blob) != blob {
			t.Errorf("%s: %q, %v", blob, snap.Blob, err)
		}
	}
	if err := lastgood.Accept(t.Context(), remote, o); !errors.Is(err, page) {
		t.Errorf("accepted with %v", err)
	}
	remote.mu.Lock()
	remote.down = backend.ErrUnreachable
	remote.mu.Unlock()
	if snap, err := store.Load(t.Context(), ""); err != nil || string(snap.Blob) != "good" {
		t.Errorf("the copy has %q, %v", snap.Blob, err)
	}
}

// telling is a server that tells of what it is given.
type telling struct {
	*server
	tell chan backend.Snapshot
}

func (s telling) Watch(ctx context.Context, _ backend.Version, notify func(backend.Snapshot)) error {
	for {
		select {
		case snap := <-s.tell:
			notify(snap)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestWatchSaysThatItWentBack: an older document is not handed on, and the caller is to load,
// which tells why.
func TestWatchSaysThatItWentBack(t *testing.T) {
	f := newFixture(t)
	remote := telling{f.server, make(chan backend.Snapshot)}
	s := lastgood.New(remote, lastgood.Options{Path: f.path})
	f.loads(s, "", "first", nil)
	f.server.put("second", 2)
	f.loads(s, "1", "second", nil)
	told := make(chan backend.Snapshot)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		_ = s.(backend.Watcher).Watch(ctx, "2", func(snap backend.Snapshot) { told <- snap })
	}()
	f.server.put("first", 3)
	for blob, want := range map[string]string{"first": "", "third": "third"} {
		remote.tell <- backend.Snapshot{Blob: []byte(blob), Version: "3"}
		if snap := <-told; string(snap.Blob) != want || (snap.Version == "") != (want == "") {
			t.Errorf("of %q it told %q, %q", blob, snap.Blob, snap.Version)
		}
	}
	f.loads(s, "2", "", lastgood.ErrRollback)
}
