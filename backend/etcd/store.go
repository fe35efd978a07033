package etcd

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

// MaxSize is the most bytes that a sealed document may have: 64 MiB.
const MaxSize = 64 << 20

const (
	rangePath = "/v3/kv/range"
	txnPath   = "/v3/kv/txn"
	putPath   = "/v3/kv/put"
	delPath   = "/v3/kv/deleterange"
	watchPath = "/v3/watch"
)

// Store is a document in a cluster. It implements [backend.Store] and
// [backend.Watcher], and is safe for use by several goroutines.
type Store struct {
	name   string
	client *client
	key    []byte
	chunk  int                  // bytes of one
	seen   atomic.Pointer[seen] // nil: nothing yet
	swept  atomic.Pointer[time.Time]
}

// seen is what the key was when it was loaded or saved last.
type seen struct {
	version backend.Version
	sum     [sha256.Size]byte // of the value
	plain   bool              // without chunks
	dialled uint64            // connections by then
}

func (s *Store) saw(v backend.Version, value []byte, dialled uint64) {
	s.seen.Store(&seen{v, sha256.Sum256(value), !isList(value), dialled})
}

// doubted is what was seen of a version, if there was another connection since: to a
// cluster perhaps that was restored from a backup or made anew, where the revision
// may be that of another document. nil if there is nothing to doubt, or to compare with.
func (s *Store) doubted(v backend.Version) *seen {
	if k := s.seen.Load(); k != nil && k.version == v && k.dialled != s.client.dialled.Load() {
		return k
	}
	return nil
}

// Open makes the store of the document at
//
//	etcd://[USER@]HOST[:PORT][,HOST[:PORT]...]/KEY
//
// The port is 2379 if none is given, and the key begins with the slash. All hosts
// belong to one cluster. With etcd+http:// there is no TLS, which only servers on this
// machine are reached by. Nothing is dialed yet; what fails is the URL, or a
// file of the options.
func Open(rawURL string, o Options) (*Store, error) {
	p, err := parse(rawURL)
	if err != nil {
		return nil, err
	}
	c, err := newClient(p, o)
	if err != nil {
		return nil, err
	}
	return &Store{name: p.name, client: c, key: []byte(p.key), chunk: chunkSize}, nil
}

// Name is the URL without the user: etcd://node1:2379,node2:2379/shop/production.
func (s *Store) Name() string { return s.name }

// Close closes connections that are not in use. The store can be used on.
func (s *Store) Close() error {
	s.client.http.CloseIdleConnections()
	return nil
}

// Load returns the document as it stands at a quorum of the cluster, or
// backend.ErrNotModified without its content if its version is have. It fails
// with backend.ErrNoVault, backend.ErrUnreachable, [ErrPermission] or [ErrLogin]
// wrapped, or with backend.ErrMalformed where chunks are missing or damaged.
func (s *Store) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	snap, _, err := s.load(ctx, have)
	return snap, err
}

// load is Load, and tells the cluster's revision at which its answer held, with
// backend.ErrNotModified and backend.ErrNoVault too.
func (s *Store) load(ctx context.Context, have backend.Version) (backend.Snapshot, revision, error) {
	for try := 0; ; try++ {
		kv, now, err := s.head(ctx, have)
		if err != nil {
			return backend.Snapshot{}, now, err
		}
		snap, err := s.snapshot(ctx, kv, now)
		// What is compacted between the two is a save that came in between, or a
		// cluster that keeps no revision for long.
		if errors.Is(err, errCompacted) && try < 4 && ctx.Err() == nil {
			continue
		}
		return snap, now, err
	}
}

// head reads the value of the key, if its revision is not have.
func (s *Store) head(ctx context.Context, have backend.Version) (kv keyValue, now revision, err error) {
	read := rangeRequest{Key: s.key}
	var reply rangeReply
	dialled, doubted := s.client.dialled.Load(), s.doubted(have)
	if mod, ok := modRevision(have); ok && doubted == nil {
		// One request, whose reply has the value only if it is another.
		var txn txnReply
		err = s.client.call(ctx, txnPath, reading, txnRequest{
			Compare: []compare{modIs(s.key, mod)},
			Failure: []operation{{Range: &read}},
		}, &txn)
		if err == nil && txn.Succeeded {
			return kv, txn.Header.Revision, backend.ErrNotModified
		}
		for _, r := range txn.Responses {
			if r.Range != nil {
				reply.KVs = r.Range.KVs
			}
		}
		reply.Header = txn.Header
	} else {
		err = s.client.call(ctx, rangePath, reading, read, &reply)
	}
	if err != nil {
		return kv, 0, err
	}
	if len(reply.KVs) == 0 {
		return kv, reply.Header.Revision, backend.ErrNoVault
	}
	kv = reply.KVs[0]
	if !bytes.Equal(kv.Key, s.key) || kv.ModRevision <= 0 {
		return kv, 0, errors.New("etcd's reply is for another key")
	}
	if doubted != nil && version(kv.ModRevision) == have && sha256.Sum256(kv.Value) == doubted.sum {
		s.saw(have, kv.Value, dialled)
		return kv, reply.Header.Revision, backend.ErrNotModified
	}
	return kv, reply.Header.Revision, nil
}

// snapshot makes the document of the key's value, reading its chunks as they
// were at revision at.
func (s *Store) snapshot(ctx context.Context, kv keyValue, at revision) (backend.Snapshot, error) {
	snap := backend.Snapshot{Blob: kv.Value, Version: version(kv.ModRevision)}
	dialled := s.client.dialled.Load()
	if isList(kv.Value) {
		blob, err := s.assemble(ctx, kv.Value, at)
		if err != nil {
			return backend.Snapshot{}, err
		}
		snap.Blob = blob
	}
	s.saw(snap.Version, kv.Value, dialled)
	return snap, nil
}

// Save writes the document if its version is still prev, or if there is none
// and prev is empty. It fails with backend.ErrConflict, backend.ErrTooLarge,
// backend.ErrUnreachable, [ErrPermission] or [ErrLogin] wrapped, and then has
// written nothing, or with backend.ErrUncertain.
func (s *Store) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	if len(blob) > MaxSize {
		return "", fmt.Errorf("%w: the encrypted document has %d bytes, at most %d are possible", backend.ErrTooLarge, len(blob), MaxSize)
	}
	condition := absent(s.key)
	if prev != "" {
		mod, ok := modRevision(prev)
		if !ok {
			return "", fmt.Errorf("%w: the version at hand is none of etcd's", backend.ErrConflict)
		}
		condition = modIs(s.key, mod)
		if s.doubted(prev) != nil {
			switch _, _, err := s.head(ctx, prev); {
			case err == nil, errors.Is(err, backend.ErrNoVault):
				return "", fmt.Errorf("%w: the cluster has another document", backend.ErrConflict)
			case !errors.Is(err, backend.ErrNotModified):
				return "", err
			}
		}
	}
	if len(blob) <= s.chunk && !isList(blob) {
		return s.savePlain(ctx, blob, prev, condition)
	}
	return s.saveChunks(ctx, blob, condition)
}

func (s *Store) savePlain(ctx context.Context, blob []byte, prev backend.Version, condition compare) (backend.Version, error) {
	before, dialled := s.seen.Load(), s.client.dialled.Load()
	now, err := s.swap(ctx, blob, []compare{condition})
	if err != nil {
		return "", err
	}
	v := version(now)
	s.saw(v, blob, dialled)
	small := before != nil && before.plain && before.version == prev
	if last := s.swept.Load(); !small && prev != "" || last == nil || time.Since(*last) > sweepEvery {
		s.sweep(ctx, now, "") // the one before may have had chunks, or somebody's upload was killed
	}
	return v, nil
}

func (s *Store) saveChunks(ctx context.Context, blob []byte, condition compare) (backend.Version, error) {
	list := listOf(newID(), blob, s.chunk)
	conditions := []compare{condition}
	for i := range list.count {
		// Nobody removes them before the list is there, but then nobody has to believe it.
		conditions = append(conditions, present(s.chunkKey(list.id, i)))
	}
	err := s.upload(ctx, list, blob)
	var now revision
	dialled := s.client.dialled.Load()
	if err == nil {
		now, err = s.swap(ctx, list.text(), conditions)
	}
	if err != nil {
		if !errors.Is(err, backend.ErrUncertain) {
			s.remove(ctx, list.id)
		}
		return "", err
	}
	s.saw(version(now), list.text(), dialled)
	s.sweep(ctx, now, list.id)
	return version(now), nil
}

// swap sets the value of the key if all conditions hold, of which the first is
// about the key, and returns the new revision.
func (s *Store) swap(ctx context.Context, value []byte, conditions []compare) (revision, error) {
	var reply txnReply
	err := s.client.call(ctx, txnPath, saving, txnRequest{
		Compare: conditions,
		Success: []operation{{Put: &putRequest{Key: s.key, Value: value}}},
		Failure: []operation{{Range: &rangeRequest{Key: s.key, KeysOnly: true}}},
	}, &reply)
	switch {
	case err != nil:
		return 0, err
	case reply.Succeeded && reply.Header.Revision <= 0:
		return 0, fmt.Errorf("%w: etcd's reply has no revision", backend.ErrUncertain)
	case reply.Succeeded:
		return reply.Header.Revision, nil
	case len(reply.Responses) == 1 && reply.Responses[0].Range != nil && len(reply.Responses[0].Range.KVs) == 0 && conditions[0].Target == "MOD":
		return 0, fmt.Errorf("%w: the document is gone", backend.ErrConflict)
	}
	return 0, backend.ErrConflict
}

// Probe finds out whether the user may write the document, by a change whose condition
// never holds: etcd looks at the rights first. Nothing is changed. It fails with
// [ErrPermission], [ErrLogin] or backend.ErrUnreachable wrapped, or because etcd takes no
// writes at all.
func (s *Store) Probe(ctx context.Context) error {
	var reply txnReply
	err := s.client.call(ctx, txnPath, chunking, txnRequest{
		Compare: []compare{modIs(s.key, math.MaxInt64)},
		Success: []operation{{Put: &putRequest{Key: s.key, Value: []byte("flask-vault: of a probe\n")}}},
	}, &reply)
	if err == nil && reply.Succeeded {
		return errors.New("etcd made a change whose condition does not hold")
	}
	return err
}

// version of a key's revision.
func version(r revision) backend.Version {
	return backend.Version(strconv.FormatInt(int64(r), 10))
}

// modRevision is the other way; ok is false for what version does not make.
func modRevision(v backend.Version) (r revision, ok bool) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	return revision(n), err == nil && n > 0 && version(revision(n)) == v
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// sweepTimeout is how long the removal of old chunks may delay a save that succeeded.
const sweepTimeout = 5 * time.Second

// sweepEvery is how long a store that saves small documents alone goes without looking for
// chunks that a killed writer left.
const sweepEvery = time.Hour
