package suite

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/flask-vault/flask-vault/keysource"
)

// run is one run of the suite: the harness, what the source can do, and every text that
// came out of it.
type run struct {
	ctx     context.Context
	h       Harness
	broken  error // why no source can be made
	saves   bool
	deletes bool
	only    string          // why the place is only read; "" if it may be changed
	keys    []keysource.Key // that were ever in the place

	mu   sync.Mutex
	said []string
}

func newRun(ctx context.Context, h Harness) *run {
	s := &run{ctx: ctx, h: h}
	src, err := h.New(h.Settings)
	if err != nil {
		s.broken = err
		return s
	}
	_, s.saves = src.(keysource.Saver)
	_, s.deletes = src.(keysource.Deleter)
	if !h.Scratch {
		if _, err := s.load(); !errors.Is(err, keysource.ErrNoKey) {
			s.only = "the place is in use, so it is only read"
		} else if !s.canClear() {
			s.only = "a key that is saved here could not be deleted again, so the place is only read"
		}
	}
	return s
}

// what a check needs of the place and the source.
type needs int

const (
	toFill  needs = 1 << iota // a key can be brought into the place
	toEmpty                   // the place can be emptied
	putText                   // any text can be brought into the place
	save
	del
)

func (s *run) canFill() bool { return s.h.Put != nil || s.saves }

func (s *run) canClear() bool { return s.h.Clear != nil || s.deletes }

// cannot says why a check with these needs is left out; "" if it is not.
func (s *run) cannot(n needs) string {
	switch {
	case s.broken != nil:
		return "" // the first check reports it, the others fail with it
	case n&save != 0 && !s.saves:
		return "the source does not save"
	case n&del != 0 && !s.deletes:
		return "the source does not delete"
	case n != 0 && s.only != "":
		return s.only
	case n&toFill != 0 && !s.canFill():
		return "nothing here can bring a key into the place"
	case n&toEmpty != 0 && !s.canClear():
		return "nothing here can empty the place"
	case n&putText != 0 && s.h.Put == nil:
		return "nothing here can bring a text into the place"
	}
	return ""
}

func (s *run) make() (keysource.Source, error) {
	src, err := s.h.New(s.h.Settings)
	if err != nil {
		s.hear(err.Error())
		return nil, fmt.Errorf("the source cannot be made from its settings: %w", err)
	}
	return src, nil
}

func (s *run) hear(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, text)
}

// do makes a source and lets act use it within the time limit.
func (s *run) do(ctx context.Context, act func(context.Context, keysource.Source) error) error {
	src, err := s.make()
	if err != nil {
		return err
	}
	return s.within(ctx, func(ctx context.Context) error { return act(ctx, src) })
}

// within runs act and does not wait longer for it than the time limit allows,
// even if it minds no context.
func (s *run) within(ctx context.Context, act func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.h.Timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- act(ctx) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		// One that minds its context answers now; one that does not is late.
		select {
		case err = <-done:
		case <-time.After(s.h.Timeout):
			return fmt.Errorf("it did not return within %v", s.h.Timeout)
		}
	}
	if err != nil {
		s.hear(err.Error())
	}
	return err
}

func (s *run) load() (keysource.Key, error) { return s.loadIn(s.ctx) }

func (s *run) loadIn(ctx context.Context) (keysource.Key, error) {
	found := make(chan keysource.Key, 1)
	err := s.do(ctx, func(ctx context.Context, src keysource.Source) error {
		k, err := src.Load(ctx)
		found <- k
		return err
	})
	var k keysource.Key
	select {
	case k = <-found:
	default: // it did not return
	}
	if err != nil && !k.IsZero() {
		err = fmt.Errorf("load returned a key together with an error: %w", err)
	}
	return k, err
}

func (s *run) save(k keysource.Key) error {
	s.keys = append(s.keys, k)
	return s.do(s.ctx, func(ctx context.Context, src keysource.Source) error {
		return src.(keysource.Saver).Save(ctx, k)
	})
}

func (s *run) delete() error {
	return s.do(s.ctx, func(ctx context.Context, src keysource.Source) error {
		return src.(keysource.Deleter).Delete(ctx)
	})
}

// fill makes the place hold that key.
func (s *run) fill(k keysource.Key) error {
	if s.h.Put == nil {
		return s.save(k)
	}
	s.keys = append(s.keys, k)
	if err := s.h.Put([]byte(k.Text())); err != nil {
		return fmt.Errorf("the harness cannot put a key into the place: %w", err)
	}
	return nil
}

func (s *run) filled() (keysource.Key, error) {
	k := keysource.NewKey()
	return k, s.fill(k)
}

// empty makes the place hold nothing.
func (s *run) empty() error {
	if s.broken != nil {
		return s.broken
	}
	if s.h.Clear != nil {
		if err := s.h.Clear(); err != nil {
			return fmt.Errorf("the harness cannot empty the place: %w", err)
		}
		return nil
	}
	if err := s.delete(); err != nil && !errors.Is(err, keysource.ErrNoKey) {
		return err
	}
	return nil
}

// clear leaves the place empty, if it may be changed.
func (s *run) clear() {
	if s.broken == nil && s.only == "" && s.canClear() {
		_ = s.empty()
	}
}

// mustHold returns an error unless the place holds k.
func (s *run) mustHold(k keysource.Key, when string) error {
	got, err := s.load()
	switch {
	case err != nil:
		return fmt.Errorf("load %s failed: %w", when, err)
	case !got.Equal(k):
		return fmt.Errorf("load %s gave the key %s, not %s", when, got.ID(), k.ID())
	}
	return nil
}

// mustBeEmpty returns an error unless the place holds nothing.
func (s *run) mustBeEmpty(when string) error {
	k, err := s.load()
	switch {
	case err == nil:
		return fmt.Errorf("load %s gave the key %s", when, k.ID())
	case !errors.Is(err, keysource.ErrNoKey):
		return fmt.Errorf("load %s failed with an error that does not wrap keysource.ErrNoKey: %w", when, err)
	}
	return nil
}

// with are the settings with one more.
func (s *run) with(name, value string) keysource.Settings {
	m := maps.Clone(s.h.Settings)
	if m == nil {
		m = keysource.Settings{}
	}
	m[name] = value
	return m
}

// leaked returns a text of the source that holds a part of a key, without that
// part: the key may be one that is in use. 8 characters are 6 bytes of it, which no
// other text has by chance.
func (s *run) leaked() string {
	for _, k := range s.keys {
		raw := k.Bytes()
		for _, form := range []string{k.Text(), base64.StdEncoding.EncodeToString(raw), hex.EncodeToString(raw), string(raw)} {
			for _, text := range s.said {
				if safe := withoutParts(text, form); safe != text {
					return safe
				}
			}
		}
	}
	return ""
}

// withoutParts is a text without what it has of a secret, each 8 characters or more.
func withoutParts(text, secret string) string {
	const part = 8
	hidden := make([]bool, len(text))
	for i := 0; i+part <= len(secret); i++ {
		for at := 0; ; at++ {
			next := strings.Index(text[at:], secret[i:i+part])
			if next < 0 {
				break
			}
			at += next
			for j := range part {
				hidden[at+j] = true
			}
		}
	}
	var b strings.Builder
	for i := range hidden {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString("<a part of the key>")
		}
	}
	return b.String()
}
