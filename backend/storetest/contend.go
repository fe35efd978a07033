package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

// Contention says how many write and watch at once. What is 0 is as the comment says.
type Contention struct {
	Writers  int           // 6, each with a client of its own
	Watchers int           // 4; every other one uses Watch where the store has it, the rest polls
	Saves    int           // acknowledged ones by each writer at least: 10. After the faults, each makes 3 more
	Size     int           // of the document in bytes at least; the ids of the saves alone where they are more
	Poll     time.Duration // 20 ms, of the watchers that poll
	Timeout  time.Duration // of one call: 10 s
	Limit    time.Duration // of the whole: 2 min
}

func (c *Contention) defaults() {
	for _, f := range []struct {
		of     *int
		normal int
	}{{&c.Writers, 6}, {&c.Watchers, 4}, {&c.Saves, 10}} {
		if *f.of <= 0 {
			*f.of = f.normal
		}
	}
	for _, f := range []struct {
		of     *time.Duration
		normal time.Duration
	}{{&c.Poll, 20 * time.Millisecond}, {&c.Timeout, 10 * time.Second}, {&c.Limit, 2 * time.Minute}} {
		if *f.of <= 0 {
			*f.of = f.normal
		}
	}
}

// savesAfterFaults is how often each writer has to succeed when all is mended.
const savesAfterFaults = 3

// Contend lets writers append an id of their own to one document again and
// again: load, append, save if nobody else did. Watchers follow. The place does its
// faults meanwhile. It returns what was counted, and an error for each rule that was
// broken:
//
//   - at the end each acknowledged id is in the document, none twice, and none of a
//     save that failed without backend.ErrUncertain;
//   - a load gives all that was acknowledged before it began;
//   - no version stands for two documents, and no document is torn;
//   - no watcher goes back, and each arrives at the last document;
//   - calls return when their context has ended;
//   - all writers succeed again after the faults.
func Contend(ctx context.Context, place Place, c Contention) (Report, error) {
	c.defaults()
	ctx, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	r := &race{c: c, place: place, begun: time.Now(), documents: map[backend.Version]string{}, acked: map[string]time.Time{}, refused: map[string]bool{}, uncertain: map[string]bool{}}
	return r.run(ctx)
}

// race is one call of Contend.
type race struct {
	c     Contention
	place Place
	begun time.Time

	mended  atomic.Bool // the faults are over
	stopped atomic.Bool // a writer saw a broken rule

	mu        sync.Mutex
	broken    []error
	documents map[backend.Version]string // the last id under each version
	order     []string                   // acknowledged ids as they came
	acked     map[string]time.Time
	refused   map[string]bool
	uncertain map[string]bool
	delays    []time.Duration // from acknowledgement to a watcher
	failures  map[string]int  // texts of errors that decide nothing
	lastAck   time.Time
	report    Report
}

func (r *race) breaks(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.broken) < 20 {
		r.broken = append(r.broken, fmt.Errorf(format, args...))
	}
	r.stopped.Store(true)
}

func (r *race) run(ctx context.Context) (Report, error) {
	first, err := r.place.Open()
	if err != nil {
		return Report{}, fmt.Errorf("open: %w", err)
	}
	defer closeStore(first)
	root := document{ids: []string{"first"}}
	if _, err := first.Save(ctx, root.bytes(r.c.Size), ""); err != nil {
		return Report{}, fmt.Errorf("the first document: %w", err)
	}

	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	arrived := make(chan string, r.c.Watchers) // the last id of each watcher that is told to end
	last := &atomic.Pointer[string]{}
	var watchers sync.WaitGroup
	for n := range r.c.Watchers {
		watchers.Go(func() { r.watch(watching, n, last, arrived) })
	}
	faults := make(chan error, 1)
	go func() {
		defer r.mended.Store(true)
		if r.place.Faults == nil {
			faults <- nil
			return
		}
		faults <- r.place.Faults(ctx)
	}()
	var writers sync.WaitGroup
	for n := range r.c.Writers {
		writers.Go(func() { r.write(ctx, n) })
	}
	writers.Wait()
	r.report.Took = time.Since(r.begun)
	if err := <-faults; err != nil {
		r.breaks("the harness could not do its faults: %w", err)
	}

	final := r.final(ctx, first)
	if len(final.ids) > 0 && !r.stopped.Load() {
		id := final.ids[len(final.ids)-1]
		last.Store(&id)
		late := time.NewTimer(2*r.c.Timeout + 10*r.c.Poll)
		defer late.Stop()
		for n := range r.c.Watchers {
			select {
			case <-arrived:
			case <-late.C:
				r.breaks("of %d watchers %d did not arrive at the last document within %v", r.c.Watchers, r.c.Watchers-n, 2*r.c.Timeout)
				return r.result(final) // not waiting for them, since one may hang
			}
		}
	}
	stopWatching()
	done := make(chan struct{})
	go func() { watchers.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * r.c.Timeout):
		r.breaks("a watcher did not return within %v after its context ended", 2*r.c.Timeout)
	}
	return r.result(final)
}

// write is one writer.
func (r *race) write(ctx context.Context, n int) {
	s, err := r.place.Open()
	if err != nil {
		r.breaks("open: %w", err)
		return
	}
	defer closeStore(s)
	var at document // as it was last loaded
	done, after := 0, 0
	for attempt := 0; done < r.c.Saves || after < savesAfterFaults; attempt++ {
		if r.stopped.Load() {
			return
		}
		if ctx.Err() != nil {
			r.mu.Lock()
			failures := maps.Clone(r.failures)
			r.mu.Unlock()
			r.breaks("writer %d has %d acknowledged saves when the time is over; other errors: %v", n, done, failures)
			return
		}
		mended := r.mended.Load()
		next, ok := r.load(ctx, s, at)
		if !ok {
			pause(ctx, 50*time.Millisecond)
			continue
		}
		at = next
		if r.save(ctx, s, &at, fmt.Sprintf("w%d-%d", n, attempt)) {
			done++
			if mended {
				after++
			}
			continue
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// pause waits for up to most, at random, so that writers do not keep step.
func pause(ctx context.Context, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(most)): //nolint:gosec // not for secrecy
	}
}

// timed makes one call and sees that it returns.
func (r *race) timed(ctx context.Context, what string, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.c.Timeout)
	defer cancel()
	begun := time.Now()
	err := call(ctx)
	if took := time.Since(begun); took > 2*r.c.Timeout {
		r.breaks("%s returned after %v, though its context ended after %v", what, took, r.c.Timeout)
	}
	return err
}

// load loads what is newer than at, and checks it. It reports whether it knows
// what is stored.
func (r *race) load(ctx context.Context, s backend.Store, at document) (document, bool) {
	r.mu.Lock()
	before := r.order[:len(r.order):len(r.order)]
	r.mu.Unlock()
	var snap backend.Snapshot
	err := r.timed(ctx, "load", func(ctx context.Context) (err error) {
		snap, err = s.Load(ctx, at.version)
		return err
	})
	switch {
	case errors.Is(err, backend.ErrNotModified):
		if at.version == "" {
			r.breaks("load without a version failed with backend.ErrNotModified")
			return at, false
		}
	case errors.Is(err, backend.ErrNoVault):
		r.breaks("load: the document is gone")
		return at, false
	case err != nil:
		r.fails(err)
		return at, false
	default:
		next, ok := r.see(snap)
		if !ok {
			return at, false
		}
		if !next.follows(at) {
			r.breaks("a load went back, or lost something: after %d ids that end in %q it gave %d that end in %q", len(at.ids), at.last(), len(next.ids), next.last())
			return at, false
		}
		at = next
	}
	for _, id := range before {
		if !at.has(id) {
			r.breaks("a load that began after the save of %s was acknowledged gave a document without it", id)
			return at, false
		}
	}
	return at, true
}

// see parses a snapshot and compares it with what its version stood for before.
func (r *race) see(snap backend.Snapshot) (document, bool) {
	d, err := parse(snap)
	if err != nil {
		r.breaks("version %q: %w", snap.Version, err)
		return d, false
	}
	r.mu.Lock()
	known, ok := r.documents[d.version]
	r.documents[d.version] = d.last()
	r.mu.Unlock()
	if ok && known != d.last() {
		r.breaks("version %q stands for two documents: one ends in %s, the other in %s", d.version, known, d.last())
		return d, false
	}
	return d, true
}

// save appends an id and reports whether that was acknowledged.
func (r *race) save(ctx context.Context, s backend.Store, at *document, id string) bool {
	next := document{ids: append(at.ids[:len(at.ids):len(at.ids)], id)}
	blob := next.bytes(r.c.Size)
	err := r.timed(ctx, "save", func(ctx context.Context) (err error) {
		next.version, err = s.Save(ctx, blob, at.version)
		return err
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil:
		r.order = append(r.order, id)
		r.acked[id] = now
		if gap := now.Sub(r.lastAck); !r.lastAck.IsZero() && gap > r.report.LongestGap {
			r.report.LongestGap = gap
		}
		r.lastAck = now
		*at = next
		return true
	case errors.Is(err, backend.ErrUncertain):
		r.uncertain[id] = true
	case errors.Is(err, backend.ErrConflict):
		r.report.Conflicts++
		r.refused[id] = true
	default:
		r.refused[id] = true
		r.failed(err)
	}
	return false
}

func (r *race) fails(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed(err)
}

// failed counts an error that says that something could not be done.
func (r *race) failed(err error) {
	r.report.Failures++
	if r.failures == nil {
		r.failures = map[string]int{}
	}
	if text := err.Error(); r.failures[text] > 0 || len(r.failures) < 10 {
		r.failures[text]++
	}
}

// watch is one watcher. It ends when it is at the id that last holds.
func (r *race) watch(ctx context.Context, n int, last *atomic.Pointer[string], arrived chan<- string) {
	s, err := r.place.Open()
	if err != nil {
		r.breaks("open: %w", err)
		return
	}
	defer closeStore(s)
	var at document
	var mu sync.Mutex
	see := func(snap backend.Snapshot) {
		mu.Lock()
		defer mu.Unlock()
		next, ok := r.see(snap)
		if !ok || next.version == at.version {
			return
		}
		if !next.follows(at) {
			r.breaks("watcher %d went back: after %d ids that end in %q it saw %d that end in %q", n, len(at.ids), at.last(), len(next.ids), next.last())
			return
		}
		r.seen(next.ids[len(at.ids):])
		at = next
	}
	var following sync.WaitGroup
	if _, ok := s.(backend.Watcher); ok && n%2 == 0 {
		following.Go(func() { watch(ctx, s, "", see, r.fails) })
	} else {
		following.Go(func() { r.poll(ctx, s, see) })
	}
	for ctx.Err() == nil {
		mu.Lock()
		id := at.last()
		mu.Unlock()
		if want := last.Load(); want != nil && *want == id {
			arrived <- id
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(r.c.Poll):
		}
	}
	following.Wait()
}

func (r *race) poll(ctx context.Context, s backend.Store, see func(backend.Snapshot)) {
	var have backend.Version
	for ctx.Err() == nil {
		var snap backend.Snapshot
		err := r.timed(ctx, "load", func(ctx context.Context) (err error) {
			snap, err = s.Load(ctx, have)
			return err
		})
		switch {
		case err == nil:
			have = snap.Version
			see(snap)
		case !errors.Is(err, backend.ErrNotModified) && ctx.Err() == nil:
			r.fails(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(r.c.Poll):
		}
	}
}

// seen notes how long after its acknowledgement a watcher saw each id.
func (r *race) seen(ids []string) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		if at, ok := r.acked[id]; ok {
			r.delays = append(r.delays, now.Sub(at))
		} else {
			r.delays = append(r.delays, 0) // before the writer knew
		}
	}
}

// final loads the last document, when nobody writes any more.
func (r *race) final(ctx context.Context, s backend.Store) document {
	for {
		var snap backend.Snapshot
		err := r.timed(ctx, "load", func(ctx context.Context) (err error) {
			snap, err = s.Load(ctx, "")
			return err
		})
		if err == nil {
			d, _ := r.see(snap)
			return d
		}
		if ctx.Err() != nil {
			r.breaks("the last document: %w", err)
			return document{}
		}
		pause(ctx, 200*time.Millisecond)
	}
}

// result compares what was acknowledged with what is there.
func (r *race) result(final document) (Report, error) {
	count := map[string]int{}
	for _, id := range final.ids {
		count[id]++
	}
	for _, id := range r.order {
		if count[id] == 0 {
			r.report.Lost++
			r.breaks("lost: the save of %s was acknowledged, and it is not there", id)
		}
	}
	for id, times := range count {
		if times > 1 {
			r.breaks("%s is there %d times", id, times)
		}
		if r.refused[id] {
			r.report.Ghosts++
			r.breaks("the save of %s was refused, and it is there", id)
		}
		if r.uncertain[id] {
			r.report.Landed++
		}
	}
	r.mu.Lock() // a watcher may hang still
	defer r.mu.Unlock()
	r.report.Acknowledged, r.report.Uncertain = len(r.order), len(r.uncertain)
	r.report.delays(r.delays)
	r.report.Errors = maps.Clone(r.failures)
	return r.report, errors.Join(r.broken...)
}

// document is what the writers write: ids in the order of their saves, and bytes
// that follow from them up to the size.
type document struct {
	version backend.Version
	ids     []string
}

func (d document) last() string {
	if len(d.ids) == 0 {
		return ""
	}
	return d.ids[len(d.ids)-1]
}

func (d document) has(id string) bool {
	for i := len(d.ids) - 1; i >= 0; i-- {
		if d.ids[i] == id {
			return true
		}
	}
	return false
}

// follows reports whether d is an earlier document with ids appended.
func (d document) follows(earlier document) bool {
	if len(d.ids) < len(earlier.ids) {
		return false
	}
	for i, id := range earlier.ids {
		if d.ids[i] != id {
			return false
		}
	}
	return true
}

func (d document) bytes(size int) []byte {
	var b bytes.Buffer
	for _, id := range d.ids {
		b.WriteString(id)
		b.WriteByte('\n')
	}
	b.WriteByte(0)
	if more := size - b.Len(); more > 0 {
		b.Write(filling(d.last(), more))
	}
	return b.Bytes()
}

// filling are n bytes that follow from an id, so that a torn document shows.
func filling(id string, n int) []byte {
	var seed [32]byte
	copy(seed[:], id)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return b
}

func parse(snap backend.Snapshot) (document, error) {
	text, rest, ok := bytes.Cut(snap.Blob, []byte{0})
	if !ok || !bytes.HasSuffix(text, []byte("\n")) || snap.Version == "" {
		return document{}, fmt.Errorf("its %d bytes are nothing that a writer saved", len(snap.Blob))
	}
	d := document{version: snap.Version}
	for id := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		d.ids = append(d.ids, string(id))
	}
	if !bytes.Equal(rest, filling(d.last(), len(rest))) {
		return d, errors.New("the document is torn: its bytes are not those of one save")
	}
	return d, nil
}
