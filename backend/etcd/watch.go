package etcd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

const (
	firstPause   = 500 * time.Millisecond // most of the pause before the first try after a watch broke
	longestPause = 30 * time.Second
	openTimeout  = 10 * time.Second // until a server has begun to watch
	settled      = 30 * time.Second // a watch that held so long was no failure
	maxLine      = 16 << 20         // bytes of one message of a watch
)

// Watch calls notify with each new document, and with the empty snapshot when
// the document is gone. It goes on after servers failed, each time after a random pause
// of up to 0.5, 1, 2 .. 30 seconds, and with another server, and misses nothing
// that is not overtaken. It returns when ctx ends, and when etcd refuses to serve this
// client at all, as with [ErrPermission] or [ErrLogin] wrapped.
//
// A server that hangs is noticed after two times [Options].Ping.
func (s *Store) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	w := &watch{store: s, notify: notify}
	if mod, ok := modRevision(have); ok {
		w.have, w.next = mod, mod+1
	} else if have != "" {
		w.have = notOurs
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		began := time.Now()
		err := w.run(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errCompacted):
			w.next = 0 // load first
		case isRefusal(err):
			return err
		}
		if time.Since(began) > settled {
			pause = firstPause
		}
		if err := sleep(ctx, jitter(pause)); err != nil {
			return err
		}
	}
}

// watch is where a Watch stands.
type watch struct {
	store  *Store
	notify func(backend.Snapshot)
	have   revision // of the document that was told last, 0 for none
	start  revision // where the stream began
	next   revision // events from here on are not seen yet; 0: load first
}

// notOurs stands for a version that the caller has from elsewhere.
const notOurs = -1

// run watches until something fails.
func (w *watch) run(ctx context.Context) error {
	if w.next == 0 {
		if err := w.load(ctx); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(openTimeout, cancel)
	defer late.Stop()
	c := w.store.client
	index := c.current.Load()
	err := w.stream(ctx, c.endpoints[index], late, cancel)
	c.current.CompareAndSwap(index, (index+1)%uint32(len(c.endpoints)))
	return err
}

// load takes the document as it stands, and watches from there.
func (w *watch) load(ctx context.Context) error {
	var have backend.Version
	if w.have > 0 {
		have = version(w.have)
	}
	snap, now, err := w.store.load(ctx, have)
	switch {
	case errors.Is(err, backend.ErrNotModified):
	case errors.Is(err, backend.ErrNoVault):
		w.gone()
	case err != nil:
		return err
	default:
		mod, _ := modRevision(snap.Version)
		w.tell(snap, mod)
	}
	w.next = now + 1
	return nil
}

// tell hands on a document. One from before the last, as after the cluster was
// restored from a backup, is for the caller to judge.
func (w *watch) tell(snap backend.Snapshot, mod revision) {
	if mod < w.have {
		snap = backend.Snapshot{}
	}
	w.have = mod
	w.notify(snap)
}

func (w *watch) gone() {
	if w.have != 0 {
		w.have = 0
		w.notify(backend.Snapshot{})
	}
}

// stream reads the messages of one watch. late ends it unless it is stopped.
func (w *watch) stream(ctx context.Context, endpoint string, late *time.Timer, cancel context.CancelFunc) error {
	c := w.store.client
	var request watchRequest
	request.Create.Key = w.store.key
	w.start = w.next
	request.Create.StartRevision = w.start
	request.Create.Fragment = true // messages are about as long as requests may be
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	token, err := c.token(ctx, endpoint)
	if err != nil {
		var a *answer
		if errors.As(err, &a) && a.final() {
			return c.explain(a, toRead)
		}
		return err
	}
	begun := false
	defer func() {
		if !begun && !late.Stop() {
			c.doubt(token)
		}
	}()
	response, _, err := c.send(ctx, endpoint, watchPath, token, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10)) // the status tells, too
		return w.refused(readAnswer(response.StatusCode, text), token)
	}
	if response.ProtoMajor < 2 {
		defer c.probe(ctx, endpoint, cancel)()
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(make([]byte, 0, 4<<10), maxLine)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		m, err := readMessage(lines.Bytes())
		var a *answer
		switch {
		case errors.As(err, &a):
			return w.refused(a, token)
		case err != nil:
			return err
		}
		late.Stop()
		begun = true
		if err := w.message(ctx, m); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return errCompacted // so that it is loaded
	}
	return lines.Err()
}

// readMessage reads one line. Its error is an *answer where the server ended the watch, or
// errCompacted.
func readMessage(line []byte) (*watchResult, error) {
	var reply watchReply
	if err := decode(line, &reply); err != nil {
		return nil, err
	}
	switch {
	case len(reply.Error) > 0 && reply.Result == nil:
		return nil, readAnswer(http.StatusOK, line)
	case reply.Result == nil:
		return nil, errors.New("a message of the watch is empty")
	case reply.Result.CompactRevision > 0:
		return nil, errCompacted
	case reply.Result.Canceled:
		return nil, canceled(reply.Result.CancelReason)
	}
	return reply.Result, nil
}

// refused is the error of a watch that a server has ended.
func (w *watch) refused(a *answer, token string) error {
	c := w.store.client
	w.next = 0 // a load tells more, and gets another token
	switch {
	case c.login != nil && (a.stale() || a.code == codeDenied):
		c.login.drop(token)
		return fmt.Errorf("the watch was ended: %w", errAgain)
	case a.final():
		return c.explain(a, toRead)
	}
	return fmt.Errorf("the watch was ended: %v", a) //nolint:errorlint // whatever it is, it is not final
}

// errAgain says that another try may succeed.
var errAgain = errors.New("another try may succeed")

// message takes up what one message tells.
func (w *watch) message(ctx context.Context, m *watchResult) error {
	if m.Created && m.Header.Revision > 0 && m.Header.Revision < w.next-1 {
		// This server is behind, or the cluster was restored from a backup, and
		// would be silent for long. The quorum knows.
		if err := w.load(ctx); err != nil {
			return err
		}
		if w.next < w.start {
			return errAgain
		}
		return nil // it will catch up
	}
	if len(m.Events) == 0 {
		return nil
	}
	last := m.Events[len(m.Events)-1] // those before it are overtaken
	mod := last.KV.ModRevision
	if mod < w.next {
		return nil
	}
	if last.Type == "DELETE" {
		w.gone()
		w.next = mod + 1
		return nil
	}
	snap, err := w.store.snapshot(ctx, last.KV, mod)
	if err != nil {
		return err
	}
	w.tell(snap, mod)
	w.next = mod + 1
	return nil
}

// probe asks the server now and then, and ends the watch if it does not answer. It
// is for connections that have no pings. The result stops it.
func (c *client) probe(ctx context.Context, endpoint string, end context.CancelFunc) (stop func()) {
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	body, err := json.Marshal(rangeRequest{Key: []byte(c.key), CountOnly: true, Serializable: true})
	go func() {
		defer close(done)
		for err == nil {
			if sleep(ctx, c.ping) != nil {
				return
			}
			try, cancel := context.WithTimeout(ctx, 2*c.ping)
			_, _, problem := c.post(try, endpoint, rangePath, "", maxReply, body)
			cancel()
			var a *answer
			if problem != nil && !errors.As(problem, &a) {
				end()
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}
