package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/flask-vault/flask-vault/backend"
)

// what a check needs of the store.
type needs int

const (
	saves   needs = 1 << iota // it saves
	reads                     // it only reads
	limit                     // its greatest size is known
	watches                   // it has Watch
)

type check struct {
	name  string
	needs needs
	run   func(*trial) error
}

var checks = []check{
	{"name is one short line", 0, checkName},
	{"load of nothing is ErrNoVault", 0, checkNothing},
	{"what was stored is loaded", 0, checkLoad},
	{"load of the version at hand is ErrNotModified", 0, checkNotModified},
	{"bytes stay as they are", 0, checkBytes},
	{"a document of the greatest size is stored, one byte more is ErrTooLarge", limit, checkLimit},
	{"a loaded document is the caller's own", 0, checkOwn},
	{"a canceled load returns and says nothing wrong", 0, checkCanceledLoad},
	{"a canceled save is not silently made", saves, checkCanceledSave},
	{"create makes no second document", saves, checkCreate},
	{"save over nothing is ErrConflict", saves, checkSaveOverNothing},
	{"save over another's is ErrConflict", saves, checkStale},
	{"save with a made-up version is ErrConflict", saves, checkMadeUp},
	{"clients see one another's saves at once", saves, checkClients},
	{"of many that create at once one succeeds", saves, checkCreators},
	{"of many that save over one version one succeeds", saves, checkOneWinner},
	{"save is refused", reads, checkReadOnly},
	{"watch tells of what is stored and of what follows", watches, checkWatch},
	{"watch waits for the first document", watches, checkWatchNothing},
}

func checkName(t *trial) error {
	s, err := t.open()
	if err != nil {
		return err
	}
	name := s.Name()
	if name == "" || len(name) > 200 || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%q is not a name for one line of a message: 1 to 200 printable characters", name)
	}
	return nil
}

func checkNothing(t *trial) error {
	s, err := t.open()
	if err != nil {
		return err
	}
	for _, have := range []backend.Version{"", madeUp} {
		if _, err := t.load(s, have); !errors.Is(err, backend.ErrNoVault) {
			return fmt.Errorf("load of nothing, with version %q at hand, does not fail with backend.ErrNoVault: %w", have, orSuccess(err))
		}
	}
	return nil
}

// madeUp is a version that no store gives.
const madeUp = "made-up"

// orSuccess is err, or an error that says that there was none.
func orSuccess(err error) error {
	if err == nil {
		return errors.New("it succeeded")
	}
	return err
}

// stored opens a client of a place that holds blob.
func (t *trial) stored(blob []byte) (backend.Store, backend.Version, error) {
	s, err := t.open()
	if err != nil {
		return nil, "", err
	}
	v, err := t.put(s, blob, "")
	if err != nil {
		return nil, "", fmt.Errorf("the first document: %w", err)
	}
	return s, v, nil
}

// mustHold returns an error unless a load gives blob under version v.
func (t *trial) mustHold(s backend.Store, blob []byte, v backend.Version, when string) error {
	snap, err := t.load(s, "")
	switch {
	case err != nil:
		return fmt.Errorf("load %s: %w", when, err)
	case !bytes.Equal(snap.Blob, blob):
		return fmt.Errorf("load %s gave %d bytes that are not the %d stored ones", when, len(snap.Blob), len(blob))
	case snap.Version != v:
		return fmt.Errorf("load %s gave version %q, not %q", when, snap.Version, v)
	}
	return nil
}

func checkLoad(t *trial) error {
	s, v, err := t.stored([]byte("first"))
	if err != nil {
		return err
	}
	if err := t.mustHold(s, []byte("first"), v, "of the first document"); err != nil {
		return err
	}
	v2, err := t.put(s, []byte("second"), v)
	if err != nil {
		return fmt.Errorf("the second document: %w", err)
	}
	if v2 == v {
		return fmt.Errorf("two documents have the one version %q", v)
	}
	if err := t.mustHold(s, []byte("second"), v2, "of the second document"); err != nil {
		return err
	}
	snap, err := t.load(s, v)
	if err != nil || snap.Version != v2 {
		return fmt.Errorf("load with the first version at hand gave version %q, not %q (%v)", snap.Version, v2, err)
	}
	return nil
}

func checkNotModified(t *trial) error {
	s, v, err := t.stored([]byte("text"))
	if err != nil {
		return err
	}
	other, err := t.open()
	if err != nil {
		return err
	}
	for _, s := range []backend.Store{s, other, s} {
		if _, err := t.load(s, v); !errors.Is(err, backend.ErrNotModified) {
			return fmt.Errorf("it does not fail with backend.ErrNotModified: %w", orSuccess(err))
		}
	}
	return nil
}

func checkBytes(t *trial) error {
	s, v, err := t.stored([]byte("x"))
	if err != nil {
		return err
	}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, blob := range [][]byte{
		all, []byte("\x00"), []byte("\r\n"), []byte(" text \n\n"), []byte("\xff\xfe\x80"), []byte("a%2Fb+c&d=e;<f>\"'\\"),
		randomBytes(4095), randomBytes(65537), randomBytes(100 << 10), randomBytes(1 << 20), []byte("end"),
	} {
		if t.h.MaxSize != 0 && len(blob) > t.h.MaxSize {
			continue
		}
		if v, err = t.put(s, blob, v); err != nil {
			return fmt.Errorf("a document of %d bytes: %w", len(blob), err)
		}
		if err := t.mustHold(s, blob, v, fmt.Sprintf("of %d bytes", len(blob))); err != nil {
			return err
		}
	}
	// No sealed document is empty, so a store may refuse one; then nothing changes.
	if t.place.Put != nil {
		return nil
	}
	ve, err := t.save(s, nil, v)
	if err == nil {
		return t.mustHold(s, nil, ve, "of no bytes")
	}
	return t.mustHold(s, []byte("end"), v, "after no bytes were refused")
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	var seed [32]byte
	seed[0], seed[1], seed[2] = byte(n), byte(n>>8), byte(n>>16)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return b
}

func checkLimit(t *trial) error {
	most := randomBytes(t.h.MaxSize)
	s, v, err := t.stored(most)
	if err != nil {
		return fmt.Errorf("%d bytes: %w", len(most), err)
	}
	if err := t.mustHold(s, most, v, "of the greatest size"); err != nil {
		return err
	}
	_, err = t.put(s, append(most, 'x'), v)
	if !errors.Is(err, backend.ErrTooLarge) || errors.Is(err, backend.ErrUncertain) {
		return fmt.Errorf("%d bytes do not fail with backend.ErrTooLarge: %w", len(most)+1, orSuccess(err))
	}
	if t.place.Put != nil {
		return nil
	}
	return t.mustHold(s, most, v, "after one byte more was refused")
}

func checkOwn(t *trial) error {
	blob := []byte("text of the caller")
	s, v, err := t.stored(blob)
	if err != nil {
		return err
	}
	blob[0] = 'X'
	if err := t.mustHold(s, []byte("text of the caller"), v, "after the saved slice was overwritten"); err != nil {
		return err
	}
	snap, err := t.load(s, "")
	if err != nil {
		return err
	}
	snap.Blob[0] = 'X'
	return t.mustHold(s, []byte("text of the caller"), v, "after a loaded slice was overwritten")
}

func (t *trial) canceled() context.Context {
	ctx, cancel := context.WithCancel(t.ctx)
	cancel()
	return ctx
}

func checkCanceledLoad(t *trial) error {
	s, v, err := t.stored([]byte("text"))
	if err != nil {
		return err
	}
	snap, err := t.loadIn(t.canceled(), s, "")
	switch {
	case err == nil && string(snap.Blob) != "text":
		return errors.New("it gave another document and no error")
	case errors.Is(err, backend.ErrNoVault), errors.Is(err, backend.ErrNotModified):
		return fmt.Errorf("it says what it cannot know: %w", err)
	}
	return t.mustHold(s, []byte("text"), v, "afterwards")
}

func checkCanceledSave(t *trial) error {
	s, v, err := t.stored([]byte("text"))
	if err != nil {
		return err
	}
	v2, err := t.saveIn(t.canceled(), s, []byte("new"), v)
	switch {
	case err == nil:
		return t.mustHold(s, []byte("new"), v2, "after it succeeded")
	case errors.Is(err, backend.ErrConflict), errors.Is(err, backend.ErrTooLarge):
		return fmt.Errorf("it says what is not so: %w", err)
	case errors.Is(err, backend.ErrUncertain):
		_, err := t.load(s, "")
		return err
	}
	return t.mustHold(s, []byte("text"), v, "after it failed")
}

func checkCreate(t *trial) error {
	s, v, err := t.stored([]byte("first"))
	if err != nil {
		return err
	}
	for range 2 {
		if err := conflict(t.save(s, []byte("second"), "")); err != nil {
			return err
		}
	}
	return t.mustHold(s, []byte("first"), v, "after another was to be created")
}

// conflict returns an error unless a save was one.
func conflict(_ backend.Version, err error) error {
	if !errors.Is(err, backend.ErrConflict) || errors.Is(err, backend.ErrUncertain) {
		return fmt.Errorf("save does not fail with backend.ErrConflict: %w", orSuccess(err))
	}
	return nil
}

func checkSaveOverNothing(t *trial) error {
	other, err := t.openIn(t.more())
	if err != nil {
		return err
	}
	v, err := t.save(other, []byte("elsewhere"), "")
	if err != nil {
		return err
	}
	s, err := t.open()
	if err != nil {
		return err
	}
	if err := conflict(t.save(s, []byte("text"), v)); err != nil {
		return err
	}
	if _, err := t.load(s, ""); !errors.Is(err, backend.ErrNoVault) {
		return fmt.Errorf("afterwards load does not fail with backend.ErrNoVault: %w", orSuccess(err))
	}
	return nil
}

func checkStale(t *trial) error {
	s, v1, err := t.stored([]byte("first"))
	if err != nil {
		return err
	}
	v2, err := t.save(s, []byte("second"), v1)
	if err != nil {
		return err
	}
	if err := conflict(t.save(s, []byte("third"), v1)); err != nil {
		return err
	}
	return t.mustHold(s, []byte("second"), v2, "after a save over the first version")
}

func checkMadeUp(t *trial) error {
	s, v, err := t.stored([]byte("text"))
	if err != nil {
		return err
	}
	for _, bad := range []backend.Version{madeUp, v + "0", "*", "\"", "0"} {
		if err := conflict(t.save(s, []byte("new"), bad)); err != nil {
			return fmt.Errorf("version %q: %w", bad, err)
		}
	}
	return t.mustHold(s, []byte("text"), v, "afterwards")
}

func checkClients(t *trial) error {
	a, v, err := t.stored([]byte("0"))
	if err != nil {
		return err
	}
	b, err := t.open()
	if err != nil {
		return err
	}
	for n := range 10 {
		text := []byte(fmt.Sprint("text ", n))
		if v, err = t.save(a, text, v); err != nil {
			return fmt.Errorf("save with the version that another client was given: %w", err)
		}
		if err := t.mustHold(b, text, v, "by another client, after an acknowledged save"); err != nil {
			return err
		}
		if err := t.mustHold(a, text, v, "by the same client, after an acknowledged save"); err != nil {
			return err
		}
		a, b = b, a
	}
	return nil
}

func checkCreators(t *trial) error { return t.compete("", 16, 4) }

func checkOneWinner(t *trial) error {
	_, v, err := t.stored([]byte("text"))
	if err != nil {
		return err
	}
	for range 5 {
		if err := t.compete(v, 16, 4); err != nil {
			return err
		}
		s, err := t.open()
		if err != nil {
			return err
		}
		snap, err := t.load(s, "")
		if err != nil {
			return err
		}
		v = snap.Version
	}
	return nil
}

// compete lets writers, of which several share a client, save over one version at
// the same time. One must succeed, and its document must be the stored one.
func (t *trial) compete(prev backend.Version, writers, clients int) error {
	stores := make([]backend.Store, clients)
	for i := range stores {
		var err error
		if stores[i], err = t.open(); err != nil {
			return err
		}
	}
	versions, errs := make([]backend.Version, writers), make([]error, writers)
	blob := func(w int) []byte { return []byte(fmt.Sprintf("of writer %d over %q", w, prev)) }
	start := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			<-start
			versions[w], errs[w] = t.save(stores[w%clients], blob(w), prev)
		})
	}
	close(start)
	wg.Wait()
	winner := -1
	for w, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = w
		case err == nil:
			return fmt.Errorf("of %d writers that saved over version %q, two succeeded", writers, prev)
		case !errors.Is(err, backend.ErrConflict):
			return fmt.Errorf("writer %d failed, and not with backend.ErrConflict: %w", w, err)
		}
	}
	if winner < 0 {
		return fmt.Errorf("of %d writers that saved over version %q, none succeeded", writers, prev)
	}
	return t.mustHold(stores[0], blob(winner), versions[winner], "after one won")
}

func checkReadOnly(t *trial) error {
	s, v, err := t.stored([]byte("text"))
	if err != nil {
		return err
	}
	for _, prev := range []backend.Version{"", v, madeUp} {
		_, err := t.save(s, []byte("new"), prev)
		switch {
		case err == nil:
			return errors.New("save succeeded")
		case errors.Is(err, backend.ErrConflict), errors.Is(err, backend.ErrUncertain), errors.Is(err, backend.ErrTooLarge):
			return fmt.Errorf("the error of save makes the caller try again: %w", err)
		}
	}
	return t.mustHold(s, []byte("text"), v, "after save was refused")
}

// watching watches until stop is called, and sends what is told. stop says if
// Watch does not return.
func (t *trial) watching(have backend.Version) (told <-chan backend.Snapshot, stop func() error, err error) {
	s, err := t.open()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(t.ctx)
	snaps, ended := make(chan backend.Snapshot, 1000), make(chan struct{})
	go func() {
		defer close(ended)
		watch(ctx, s, have, func(snap backend.Snapshot) { snaps <- snap }, func(err error) { t.hear(err.Error()) })
	}()
	return snaps, func() error {
		cancel()
		select {
		case <-ended:
			return nil
		case <-time.After(t.h.Timeout):
			return fmt.Errorf("watch did not return within %v after its context ended", t.h.Timeout)
		}
	}, nil
}

// tells waits until text is told.
func (t *trial) tells(told <-chan backend.Snapshot, text string, v backend.Version) error {
	late := time.NewTimer(t.h.Timeout)
	defer late.Stop()
	for {
		select {
		case snap := <-told:
			if snap.Version != v {
				continue // one before it, perhaps twice
			}
			if string(snap.Blob) != text {
				return fmt.Errorf("watch told %d bytes under version %q that are not the stored ones", len(snap.Blob), v)
			}
			return nil
		case <-late.C:
			return fmt.Errorf("watch did not tell of %q within %v", text, t.h.Timeout)
		}
	}
}

func checkWatch(t *trial) error {
	s, v, err := t.stored([]byte("first"))
	if err != nil {
		return err
	}
	fresh, stopFresh, err := t.watching("") // has nothing
	if err != nil {
		return err
	}
	known, stopKnown, err := t.watching(v) // has the first
	if err != nil {
		return err
	}
	err = t.tells(fresh, "first", v)
	for n := 0; err == nil && n < 5; n++ {
		text := fmt.Sprint("text ", n)
		if v, err = t.put(s, []byte(text), v); err == nil {
			err = errors.Join(t.tells(fresh, text, v), t.tells(known, text, v))
		}
	}
	return errors.Join(err, stopFresh(), stopKnown())
}

func checkWatchNothing(t *trial) error {
	told, stop, err := t.watching("")
	if err != nil {
		return err
	}
	_, v, err := t.stored([]byte("first"))
	if err == nil {
		err = t.tells(told, "first", v)
	}
	return errors.Join(err, stop())
}
