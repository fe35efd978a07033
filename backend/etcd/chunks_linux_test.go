package etcd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/etcd"
	"github.com/flask-vault/flask-vault/backend/storetest"
)

const (
	mebibyte = 1 << 20
	small    = 8 << 10 // chunks of most tests, since a real server writes each three times
)

// chunked opens a client that makes small chunks.
func (c *cluster) chunked(t testing.TB, key string) *etcd.Store {
	s := c.open(t, "app", key)
	s.SetChunkSize(small)
	return s
}

// blobOf is a document of n bytes that no other is.
func blobOf(n int, seed byte) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // never fails
	return b
}

// TestLargeDocuments stores what is around the limits, with a server whose
// limits are as it is installed.
func TestLargeDocuments(t *testing.T) {
	c := alone(t)
	s := c.open(t, "app", "/app/large")
	reader := c.open(t, "reader", "/app/large")
	var version backend.Version
	for i, test := range []struct{ size, chunks int }{
		{100, 0}, {mebibyte, 0}, {mebibyte + 1, 2}, {2*mebibyte + 7, 3}, {0, 0},
	} {
		blob := blobOf(test.size, byte(i))
		next, err := s.Save(t.Context(), blob, version)
		if err != nil {
			t.Fatalf("%d bytes: %v", test.size, err)
		}
		if next == version {
			t.Fatalf("%d bytes: the version is the one before", test.size)
		}
		version = next
		for _, client := range []*etcd.Store{s, reader} {
			snap, err := client.Load(t.Context(), "")
			if err != nil || !bytes.Equal(snap.Blob, blob) || snap.Version != version {
				t.Fatalf("%d bytes: load: %v, %d bytes", test.size, err, len(snap.Blob))
			}
			if _, err := client.Load(t.Context(), version); !errors.Is(err, backend.ErrNotModified) {
				t.Errorf("%d bytes: load of the version at hand: %v", test.size, err)
			}
		}
		if keys := c.keys(t, "/app/large"); len(keys) != 1+test.chunks {
			t.Errorf("%d bytes: there are the keys %q", test.size, keys)
		}
		if raw := c.raw(t, "/app/large"); test.chunks == 0 && raw != string(blob) {
			t.Errorf("%d bytes: the value of the key is not the document", test.size)
		}
	}
}

// TestMostChunks is as many as a document of MaxSize has, each of which is a condition of
// the transaction. One byte more than MaxSize is refused.
func TestMostChunks(t *testing.T) {
	c := alone(t)
	s := c.chunked(t, "/app/greatest")
	if _, err := s.Save(t.Context(), make([]byte, etcd.MaxSize+1), ""); !errors.Is(err, backend.ErrTooLarge) {
		t.Errorf("one byte more: %v", err)
	}
	blob := blobOf(etcd.MaxSize/mebibyte*small, 1)
	version, err := s.Save(t.Context(), blob, "")
	if err != nil {
		t.Fatal(err)
	}
	if keys := c.keys(t, "/app/greatest"); len(keys) != 65 {
		t.Errorf("%d keys", len(keys))
	}
	if snap, err := s.Load(t.Context(), ""); err != nil || !bytes.Equal(snap.Blob, blob) {
		t.Errorf("load: %v", err)
	}
	if _, err := s.Save(t.Context(), nil, version); err != nil {
		t.Error(err)
	}
	if keys := c.keys(t, "/app/greatest"); len(keys) != 1 {
		t.Errorf("%d keys are left", len(keys))
	}
}

// TestADocumentThatLooksLikeAList comes back as it is.
func TestADocumentThatLooksLikeAList(t *testing.T) {
	c := alone(t)
	s := c.chunked(t, "/app/looks")
	var version backend.Version
	large, err := s.Save(t.Context(), blobOf(2*small, 1), "")
	if err != nil {
		t.Fatal(err)
	}
	version = large
	for _, text := range []string{c.raw(t, "/app/looks"), "flask-vault chunks ", "flask-vault chunks 2 x\n", "flask-vault chunks"} {
		if version, err = s.Save(t.Context(), []byte(text), version); err != nil {
			t.Fatal(err)
		}
		if snap, err := s.Load(t.Context(), ""); err != nil || string(snap.Blob) != text {
			t.Errorf("%q: %v, %q", text, err, snap.Blob)
		}
	}
}

// TestDamagedChunks: half a document is none.
func TestDamagedChunks(t *testing.T) {
	c := alone(t)
	s := c.chunked(t, "/app/damaged")
	version, err := s.Save(t.Context(), blobOf(3*small, 1), "")
	if err != nil {
		t.Fatal(err)
	}
	list := c.raw(t, "/app/damaged")
	chunks := c.keys(t, "/app/damaged.chunks/")
	if len(chunks) != 3 {
		t.Fatalf("chunks %q", chunks)
	}
	second := c.raw(t, chunks[1])
	broken := func(what, want string) {
		t.Helper()
		for _, have := range []backend.Version{"", version} {
			snap, err := s.Load(t.Context(), have)
			if !errors.Is(err, backend.ErrMalformed) || !strings.Contains(err.Error(), want) || snap.Blob != nil {
				t.Errorf("%s: %v, %d bytes, want %q", what, err, len(snap.Blob), want)
			}
		}
	}
	change := func(key, value string) {
		c.put(t, key, value)
		c.put(t, "/app/damaged", list) // a new version
	}
	change(chunks[1], "x"+second[1:])
	broken("a byte changed", "not those that were stored")
	change(chunks[1], second[1:])
	broken("a byte less", "not those that were stored")
	change(chunks[1], second+"x")
	broken("a byte more", "not those that were stored")
	c.del(t, chunks[1])
	change(chunks[0], c.raw(t, chunks[0]))
	broken("a chunk is gone", "chunk 2 of its 3 in etcd is missing")
	for what, text := range map[string]string{
		"a newer version": strings.Replace(list, "chunks 1 ", "chunks 2 ", 1),
		"no numbers":      "flask-vault chunks 1 x y z\n",
		"too many":        fmt.Sprintf("flask-vault chunks 1 %032d 1000000 5 %064d\n", 0, 0),
		"negative":        fmt.Sprintf("flask-vault chunks 1 %032d 1 -5 %064d\n", 0, 0),
		"another key":     fmt.Sprintf("flask-vault chunks 1 ../%029d 1 5 %064d\n", 0, 0),
		"more text":       list + "\n",
	} {
		c.put(t, "/app/damaged", text)
		snap, err := s.Load(t.Context(), "")
		if !errors.Is(err, backend.ErrMalformed) || snap.Blob != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The next save mends it, and sweeps.
	c.put(t, "/app/damaged", list)
	fresh := c.chunked(t, "/app/damaged")
	if _, err := fresh.Save(t.Context(), []byte("small"), current(t, c, "/app/damaged")); err != nil {
		t.Fatal(err)
	}
	if keys := c.keys(t, "/app/damaged"); len(keys) != 1 {
		t.Errorf("left over: %q", keys)
	}
}

// current is the version of a key, found as a writer would who cannot read the document.
func current(t *testing.T, c *cluster, key string) backend.Version {
	t.Helper()
	var reply struct {
		KVs []struct {
			ModRevision string `json:"mod_revision"`
		} `json:"kvs"`
	}
	if err := eventually(func() error { return c.admin("/v3/kv/range", object{"key": []byte(key), "keys_only": true}, &reply) }); err != nil {
		t.Fatal(err)
	}
	return backend.Version(reply.KVs[0].ModRevision)
}

// TestRefusedSavesLeaveNoChunks: nor do writers that died.
func TestRefusedSavesLeaveNoChunks(t *testing.T) {
	c := alone(t)
	s := c.chunked(t, "/app/orphans")
	first, err := s.Save(t.Context(), blobOf(2*small, 1), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, stale := range []backend.Version{"", "1"} {
		if _, err := s.Save(t.Context(), blobOf(4*small, 2), stale); !errors.Is(err, backend.ErrConflict) {
			t.Errorf("version %q: %v", stale, err)
		}
	}
	if keys := c.keys(t, "/app/orphans"); len(keys) != 3 {
		t.Errorf("after two refused saves: %q", keys)
	}
	// What a writer leaves that dies between its chunks and the list, and a key of
	// somebody else's.
	c.put(t, "/app/orphans.chunks/"+strings.Repeat("0123", 8)+"/000", "dead")
	c.put(t, "/app/orphans.chunks/other", "not ours")
	second, err := s.Save(t.Context(), blobOf(3*small, 3), first)
	if err != nil {
		t.Fatal(err)
	}
	if keys := c.keys(t, "/app/orphans"); len(keys) != 1+3+1 {
		t.Errorf("after a save: %q", keys)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Save(canceled, blobOf(3*small, 4), second); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled save: %v", err)
	}
	if snap, err := s.Load(t.Context(), ""); err != nil || snap.Version != second {
		t.Errorf("after a canceled save: %v", err)
	}
}

// TestSmallSavesSweepToo: a writer of small documents alone is who finds what a killed
// upload left, at its first save.
func TestSmallSavesSweepToo(t *testing.T) {
	c := alone(t)
	first, err := c.open(t, "", "/app/swept").Save(t.Context(), []byte("one"), "")
	if err != nil {
		t.Fatal(err)
	}
	c.put(t, "/app/swept.chunks/"+strings.Repeat("0123", 8)+"/000", "dead")
	s := c.open(t, "", "/app/swept")
	if _, err := s.Load(t.Context(), ""); err != nil { // it knows that the document is small
		t.Fatal(err)
	}
	if _, err := s.Save(t.Context(), []byte("two"), first); err != nil {
		t.Fatal(err)
	}
	if keys := c.keys(t, "/app/swept"); len(keys) != 1 {
		t.Errorf("after a save: %q", keys)
	}
}

// TestRolesForTheKeyAlone may keep small documents.
func TestRolesForTheKeyAlone(t *testing.T) {
	c := running(t)
	c.user(t, "narrow", "hunter2-narrow", "/app/narrow")
	o := c.options("")
	o.User, o.Password = "narrow", func(context.Context) (string, error) { return "hunter2-narrow", nil }
	s, err := etcd.Open("etcd://"+c.endpoints()+"/app/narrow", o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v, err := s.Save(t.Context(), []byte("one"), "")
	if err != nil {
		t.Fatal(err)
	}
	again, err := etcd.Open("etcd://"+c.endpoints()+"/app/narrow", o) // does not know what was there before
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if v, err = again.Save(t.Context(), []byte("two"), v); err != nil {
		t.Fatal(err)
	}
	_, err = again.Save(t.Context(), blobOf(mebibyte+1, 1), v)
	if !errors.Is(err, etcd.ErrPermission) || !strings.Contains(err.Error(), "--prefix=true /app/narrow") {
		t.Errorf("a large document: %v", err)
	}
}

// TestReadersOfChunksBetweenSaves: a document is whole whoever saves meanwhile, and
// also if the cluster forgets the past at once.
func TestReadersOfChunksBetweenSaves(t *testing.T) {
	c := alone(t)
	s := c.chunked(t, "/app/between")
	version, err := s.Save(t.Context(), blobOf(small+100, 0), "")
	if err != nil {
		t.Fatal(err)
	}
	const saves = 30
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		reader := c.open(t, "reader", "/app/between")
		readers.Go(func() {
			for n := 0; ; n++ {
				snap, err := reader.Load(context.Background(), "")
				if err != nil {
					t.Errorf("load: %v", err)
					return
				}
				if seed := snap.Blob[len(snap.Blob)-1]; len(snap.Blob) != small+100 && len(snap.Blob) != 2*small+100 {
					t.Errorf("%d bytes that nobody saved, %d", len(snap.Blob), seed)
				}
				select {
				case <-done:
					if n > 0 {
						return
					}
				default:
				}
			}
		})
	}
	for i := 1; i <= saves; i++ {
		blob := blobOf((1+i%2)*small+100, byte(i))
		if version, err = s.Save(t.Context(), blob, version); err != nil {
			t.Error(err)
			break
		}
		c.compact(t)
	}
	close(done)
	readers.Wait()
}

// TestServersDieUnderLargeDocuments is TestServersDie with chunks.
func TestServersDieUnderLargeDocuments(t *testing.T) {
	c := running(t)
	place := c.place()
	open := place.Open
	place.Open = func() (backend.Store, error) {
		s, err := open()
		if err == nil {
			s.(*etcd.Store).SetChunkSize(small)
		}
		return s, err
	}
	place.Faults = func(ctx context.Context) error {
		if err := c.progress(ctx, place); err != nil {
			return err
		}
		leader, _, err := c.roles()
		if err != nil {
			return err
		}
		leader.signal(syscall.SIGKILL)
		err = c.progress(ctx, place)
		return errors.Join(err, leader.start(), c.ready())
	}
	report, err := storetest.Contend(t.Context(), place, storetest.Contention{
		Writers: 3, Watchers: 2, Saves: 5, Size: 3 * small, Timeout: 30 * time.Second, Limit: 5 * time.Minute,
	})
	t.Log(report)
	if err != nil {
		t.Error(err)
	}
}
