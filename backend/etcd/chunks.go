package etcd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

// A document that is too large for one value is in chunks, under keys that are
// used once: KEY.chunks/ID/NUMBER. The value of KEY is a list:
//
//	flask-vault chunks 1 ID COUNT SIZE SHA256
//
// No envelope begins so; a document that does is stored in chunks, whatever its size.
const listMagic = "flask-vault chunks "

// chunkSize is the most bytes of one chunk: with its key and all, it stays below
// the 1.5 MiB that etcd takes in a request unless told otherwise.
const chunkSize = 1 << 20

const maxChunks = MaxSize / chunkSize // one condition each; etcd takes 128 in a transaction

type list struct {
	id    string
	count int
	size  int
	sum   string
}

func isList(value []byte) bool { return bytes.HasPrefix(value, []byte(listMagic)) }

func listOf(id string, blob []byte, chunk int) list {
	sum := sha256.Sum256(blob)
	return list{id, (len(blob) + chunk - 1) / chunk, len(blob), hex.EncodeToString(sum[:])}
}

func (l list) text() []byte {
	return fmt.Appendf(nil, "%s1 %s %d %d %s\n", listMagic, l.id, l.count, l.size, l.sum)
}

func parseList(value []byte) (list, error) {
	text, ok := strings.CutPrefix(string(value), listMagic)
	version, _, _ := strings.Cut(text, " ")
	if !ok || version != "1" {
		return list{}, damaged("it was stored by a newer version of flask-vault")
	}
	f := strings.Fields(text)
	bad := damaged("its list of chunks is not one")
	if len(f) != 5 {
		return list{}, bad
	}
	count, err1 := strconv.Atoi(f[2])
	size, err2 := strconv.Atoi(f[3])
	l := list{f[1], count, size, f[4]}
	if err1 != nil || err2 != nil || count < 1 || count > maxChunks || size < 0 || size > MaxSize ||
		!isHex(l.id, 32) || !isHex(l.sum, 64) || !bytes.Equal(l.text(), value) {
		return list{}, bad
	}
	return l, nil
}

func isHex(text string, length int) bool {
	return len(text) == length && strings.Trim(text, "0123456789abcdef") == ""
}

// damaged is the error of a document that is in etcd, but not whole.
func damaged(why string) error { return &backend.EnvelopeError{Reason: why} }

func (s *Store) chunksKey() []byte { return append(bytes.Clone(s.key), ".chunks/"...) }

func (s *Store) chunkKey(id string, i int) []byte {
	return fmt.Appendf(s.chunksKey(), "%s/%03d", id, i)
}

// end is the key after all that begin with prefix, which ends in a slash.
func end(prefix []byte) []byte {
	after := bytes.Clone(prefix)
	after[len(after)-1]++
	return after
}

// assemble reads the chunks of a list as they were at a revision. It fails with
// errCompacted if that revision is too old.
func (s *Store) assemble(ctx context.Context, value []byte, at revision) ([]byte, error) {
	l, err := parseList(value)
	if err != nil {
		return nil, err
	}
	blob := make([]byte, 0, l.size)
	for i := range l.count {
		var reply rangeReply
		key := s.chunkKey(l.id, i)
		if err := s.client.call(ctx, rangePath, reading, rangeRequest{Key: key, Revision: at}, &reply); err != nil {
			return nil, err
		}
		if len(reply.KVs) != 1 || !bytes.Equal(reply.KVs[0].Key, key) {
			return nil, damaged(fmt.Sprintf("chunk %d of its %d in etcd is missing", i+1, l.count))
		}
		if len(blob)+len(reply.KVs[0].Value) > l.size {
			break
		}
		blob = append(blob, reply.KVs[0].Value...)
	}
	sum := sha256.Sum256(blob)
	if len(blob) != l.size || hex.EncodeToString(sum[:]) != l.sum {
		return nil, damaged("its chunks in etcd are not those that were stored")
	}
	return blob, nil
}

func (s *Store) upload(ctx context.Context, l list, blob []byte) error {
	for i := range l.count {
		chunk := blob[i*s.chunk : min((i+1)*s.chunk, len(blob))]
		err := s.client.call(ctx, putPath, chunking, putRequest{Key: s.chunkKey(l.id, i), Value: chunk}, new(struct{}))
		if err != nil {
			return err
		}
	}
	return nil
}

// remove removes the chunks of one document that nothing names.
func (s *Store) remove(ctx context.Context, id string) {
	// Also after the caller has given up: nobody else would until the next save.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweepTimeout)
	defer cancel()
	prefix := fmt.Appendf(s.chunksKey(), "%s/", id)
	_ = s.client.call(ctx, delPath, chunking, deleteRequest{Key: prefix, RangeEnd: end(prefix)}, new(struct{})) // the next save tries again
}

// sweep removes the chunks that are older than the document of revision now, but
// not its own. What fails is left to the next sweep.
//
// Nobody needs them: they were written before that revision, so by a save whose
// condition is an older one, and does not hold any more. Readers who come from an older
// revision read the chunks as they were then.
func (s *Store) sweep(ctx context.Context, now revision, keep string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweepTimeout)
	defer cancel()
	at := time.Now()
	s.swept.Store(&at)
	prefix := s.chunksKey()
	var reply rangeReply
	err := s.client.call(ctx, rangePath, reading, rangeRequest{
		Key: prefix, RangeEnd: end(prefix), KeysOnly: true, MaxCreateRevision: now - 1, Limit: 1000,
	}, &reply)
	if err != nil {
		return // a role for the key alone sees no chunks, nor has made any
	}
	for _, id := range idsOf(reply.KVs, len(prefix)) {
		if id != keep {
			s.remove(ctx, id)
		}
	}
}

// idsOf are the ids in the keys of chunks, without repetition.
func idsOf(kvs []keyValue, prefix int) []string {
	var ids []string
	for _, kv := range kvs {
		if len(kv.Key) <= prefix {
			continue
		}
		id, _, ok := strings.Cut(string(kv.Key[prefix:]), "/")
		if ok && isHex(id, 32) && (len(ids) == 0 || ids[len(ids)-1] != id) { // they come sorted
			ids = append(ids, id)
		}
	}
	return ids
}
