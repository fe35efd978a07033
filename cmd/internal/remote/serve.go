package remote

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/location"
)

const (
	// defaultTimeout is for one operation.
	defaultTimeout = 10 * time.Second

	pollDefault = 30 * time.Second // how often a store is looked at that does not tell
	backstop    = 45 * time.Second // and how often one that does
	mendFirst   = 250 * time.Millisecond
	mendMost    = 30 * time.Second
)

// Serve reads one request from in, has a store do it, and writes the reply to out. It
// gives up when in ends: then whoever asked is gone. open makes the store.
func Serve(ctx context.Context, in io.Reader, out io.Writer, open func(location.Location) (backend.Store, error)) error {
	reply := serve(ctx, bufio.NewReaderSize(io.LimitReader(in, maxMessage), 64<<10), open)
	return json.NewEncoder(out).Encode(reply)
}

func serve(ctx context.Context, in *bufio.Reader, open func(location.Location) (backend.Store, error)) Reply {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return failure("", &Error{Code: BadRequest, Message: "there is no request on standard input; flask-vault runs this program"})
	}
	var q Request
	if err := parse(line, &q); err != nil {
		return failure("", err)
	}
	if q.Protocol != Protocol {
		return failure("", &Error{Code: BadRequest, Message: fmt.Sprintf("this flask-vault-remote speaks protocol %d, not %d: install it from the same release as flask-vault", Protocol, q.Protocol)})
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	ctx = backend.Refusing(ctx, func() []string { return q.Refused })
	l := q.Location.location()
	store, err := open(l)
	if err != nil {
		return failure("", &Error{Code: BadRequest, Message: err.Error()})
	}
	n, notes := store.(noter)
	if notes {
		n.Recall(q.Note)
	}
	reply := do(ctx, store, q, l)
	if notes && reply.Error == nil {
		reply.Note = n.Note()
	}
	return reply
}

// noter is a store that is answered with less if it knows of its last answers, which
// another process had.
type noter interface {
	Note() string
	Recall(note string)
}

// do does what is asked.
func do(ctx context.Context, store backend.Store, q Request, l location.Location) Reply {
	if q.Op == opWatch {
		snap, err := await(ctx, store, q.Have, l)
		if err != nil {
			return failure(q.Op, err)
		}
		return Reply{Blob: snap.Blob, Version: snap.Version}
	}
	timeout := l.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	switch q.Op {
	case opLoad:
		snap, err := store.Load(ctx, q.Have)
		if errors.Is(err, backend.ErrNotModified) {
			return Reply{NotModified: true}
		}
		if err != nil {
			return failure(q.Op, err)
		}
		return Reply{Blob: snap.Blob, Version: snap.Version}
	case opSave:
		version, err := store.Save(ctx, q.Blob, q.Prev)
		if err != nil {
			return failure(q.Op, err)
		}
		return Reply{Version: version}
	case opProbe:
		p, ok := store.(interface{ Probe(context.Context) error })
		if !ok {
			return failure(q.Op, fmt.Errorf("%w: there is nothing to probe", errors.ErrUnsupported))
		}
		if err := p.Probe(ctx); err != nil {
			return failure(q.Op, err)
		}
		return Reply{Done: true}
	}
	return failure("", &Error{Code: BadRequest, Message: "there is no such operation"})
}

// await returns the document as soon as its version is not have any more. A store
// that cannot be reached is waited for. It may take for ever.
func await(ctx context.Context, store backend.Store, have backend.Version, l location.Location) (backend.Snapshot, error) {
	told := make(chan struct{}, 1)
	w, tells := store.(backend.Watcher)
	if tells && !l.Tells() {
		return follow(ctx, w, have)
	}
	if tells {
		watchers, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			keepWatching(watchers, w, have, told)
		}()
		defer func() { stop(); <-ended }()
	}
	for {
		snap, err := store.Load(ctx, have)
		if err == nil || ctx.Err() != nil {
			return snap, err
		}
		if !errors.Is(err, backend.ErrNotModified) && failure(opLoad, err).Error.Code != Unreachable {
			return snap, err
		}
		wait := backstop*2/3 + rand.N(backstop*2/3) //nolint:gosec // it spreads requests, and keeps no secret
		if !tells {
			poll := cmp.Or(l.Poll, pollDefault)
			wait = poll/2 + rand.N(poll) //nolint:gosec // it spreads requests, and keeps no secret
		}
		select {
		case <-ctx.Done():
			return snap, ctx.Err()
		case <-told:
		case <-time.After(wait):
		}
	}
}

// follow is await for a store whose watch looks by itself, when it is time to: another
// look between would be in vain.
func follow(ctx context.Context, w backend.Watcher, have backend.Version) (backend.Snapshot, error) {
	for pause := mendFirst; ; pause = min(2*pause, mendMost) {
		begun := time.Now()
		watching, stop := context.WithCancel(ctx)
		var found *backend.Snapshot
		err := w.Watch(watching, have, func(snap backend.Snapshot) {
			if found == nil {
				found = &snap
			}
			stop()
		})
		stop()
		switch {
		case found != nil && found.Version == "":
			return *found, backend.ErrNoVault
		case found != nil:
			return *found, nil
		case ctx.Err() != nil:
			return backend.Snapshot{}, ctx.Err()
		case failure(opWatch, err).Error.Code != Unreachable:
			return backend.Snapshot{}, err
		}
		if time.Since(begun) > mendMost {
			pause = mendFirst
		}
		select {
		case <-ctx.Done():
			return backend.Snapshot{}, ctx.Err()
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // it spreads requests, and keeps no secret
		}
	}
}

// keepWatching tells at each change, and where the watch breaks, since a change may be
// behind that. The waits between grow and are random, so that a server that
// comes back is not met by all at once.
func keepWatching(ctx context.Context, w backend.Watcher, have backend.Version, told chan<- struct{}) {
	tell := func() {
		select {
		case told <- struct{}{}:
		default:
		}
	}
	for pause := mendFirst; ctx.Err() == nil; pause = min(2*pause, mendMost) {
		_ = w.Watch(ctx, have, func(backend.Snapshot) { tell() })
		tell()
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // it spreads requests, and keeps no secret
		}
	}
}
