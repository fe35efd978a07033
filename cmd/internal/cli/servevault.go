package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/lastgood"
	"github.com/flask-vault/flask-vault/format"
)

// server is a vault that follows its files, for as long as a program asks.
type server struct {
	*app
	salt [16]byte // keeps the version from telling anything about the values

	config *vault          // what was resolved last, nil before
	layers backend.Layers  // nil if no value was asked for, or there is no vault
	cipher *backend.Cipher // nil if neither a value nor a token was asked for
	seen   []seenFile      // what all of this was made from
	looked time.Time       // when the files that did not exist were looked for last
	askAt  time.Time       // when a store beyond local files is asked next, zero if there is none

	untaken error // why what the store had last was not taken up, nil if it was
	copied  error // why what the store has was read from a copy, nil if it was not

	worn bool // whether a warning was given

	values   map[string]json.RawMessage // that were answered last
	answered string                     // their version

	failed   error // what refresh met last, nil if all went well
	failedAt time.Time
	failedOn []seenFile
}

// lookAfter is how long a file that did not exist is not looked for again. What
// matters at once, a key or credentials, is in a file that does exist.
const lookAfter = 100 * time.Millisecond

// changed reports whether any file is another one than was read.
func (s *server) changed() bool {
	absent := time.Since(s.looked) >= lookAfter
	if absent {
		s.looked = time.Now()
	}
	return slices.ContainsFunc(s.seen, func(f seenFile) bool {
		return (f.info != nil || absent) && f.changed()
	})
}

// moved reports whether something changed that reload does not take up.
func (s *server) moved() bool {
	return slices.ContainsFunc(s.seen, func(f seenFile) bool {
		return (!f.credentials || f.info == nil) && f.changed()
	})
}

// retryAfter is how long a vault that cannot be taken up is left alone if none of
// its files changes: a plugin may have to ask a person for each attempt.
const retryAfter = 5 * time.Second

// refresh takes up what the files hold now. Content that changed is loaded with
// the key that is known; the sources are asked again only if that fails, or if
// the configuration, a key file or the set of files changed.
func (s *server) refresh(ctx context.Context) error {
	if s.failed != nil && time.Since(s.failedAt) < retryAfter && !changed(s.failedOn) {
		return s.failed
	}
	s.failed = nil
	var seen []seenFile
	if s.config != nil {
		seen = look(s.config.Config)
	}
	err := s.open(ctx, seen)
	s.untaken = err
	if err != nil && s.layers != nil {
		s.failed, s.failedAt, s.failedOn = err, time.Now(), seen
	}
	return err
}

// open is refresh without a memory. seen is how the files of the last
// configuration are now.
func (s *server) open(ctx context.Context, seen []seenFile) error {
	if s.layers != nil && !s.moved() {
		if !s.askAt.IsZero() && !s.due() && !changed(s.seen) {
			s.seen = seen
			return s.untaken
		}
		s.askLater()
		s.copied = nil
		err := s.reload(ctx)
		var broken *format.SyntaxError
		if err == nil || errors.As(err, &broken) {
			s.seen = seen
			return err
		}
	}
	c, err := s.resolve()
	if err != nil {
		return err
	}
	seen = look(c.Config)
	s.copied = nil
	c, layers, err := s.read(ctx)
	if err != nil {
		return err
	}
	s.config, s.layers, s.cipher, s.seen = c, layers, layers[0].Cipher, seen
	s.askLater()
	_, err = s.layers.Names() // parses
	return err
}

// storePoll is how often a store beyond local files is asked if its configuration says
// nothing: the program that asks us does so every half second.
const storePoll = 30 * time.Second

// askEvery is how often the vault's stores are asked; 0 if all are local files.
func (s *server) askEvery() time.Duration {
	var every time.Duration
	for at, steps := s.config.Config, 0; at != nil && steps <= len(at.Environments); steps++ {
		if poll := cmp.Or(at.Location().Poll, storePoll); at.Remote() && (every == 0 || poll < every) {
			every = poll
		}
		if at.Base == "" {
			break
		}
		at, _ = at.In(at.Base)
	}
	return every
}

// askLater leaves the stores alone for between a half of that and one and a half, so that
// many programs that started together do not ask together.
func (s *server) askLater() {
	s.askAt = time.Time{}
	if every := s.askEvery(); every > 0 {
		s.askAt = time.Now().Add(every/2 + rand.N(every)) //nolint:gosec // it spreads requests, and keeps no secret
	}
}

// due reports whether it is time to ask a store again. No file shows that it has changed.
func (s *server) due() bool { return !s.askAt.IsZero() && !time.Now().Before(s.askAt) }

// noteCopy takes down that a store did not answer, and that a copy does. The text stays the
// same as long as that lasts, so that who logs it need not do so again.
func (s *server) noteCopy(url string, c lastgood.Stale) {
	when := time.Now().Add(-c.Age).Round(time.Second).UTC().Format("2006-01-02 15:04 UTC")
	s.copied = fmt.Errorf("%w; what is read is a copy of %s from %s", c.Cause, url, when)
}

func (s *server) reload(ctx context.Context) error {
	for _, v := range s.layers {
		if err := v.Reload(ctx); err != nil {
			return err
		}
	}
	_, err := s.layers.Names()
	return err
}

// currentCipher is the cipher of the key as it is now. There need not be a vault.
func (s *server) currentCipher(ctx context.Context) (*backend.Cipher, error) {
	if s.cipher != nil && !s.changed() {
		return s.cipher, nil
	}
	if s.layers != nil {
		if err := s.refresh(ctx); err == nil {
			return s.cipher, nil
		}
	}
	c, err := s.resolve()
	if err != nil {
		return nil, err
	}
	if err := s.recover(ctx, c); err != nil {
		return nil, err
	}
	seen := look(c.Config)
	cipher, err := backend.FindKey(ctx, c.options)
	if err != nil {
		return nil, err
	}
	if s.layers == nil {
		s.config, s.cipher, s.seen = c, cipher, seen
	}
	return cipher, nil
}

// version names the values as they are.
func (s *server) version() string {
	h := sha256.New()
	h.Write(s.salt[:])
	for _, v := range s.layers {
		text := sha256.Sum256(v.Text())
		h.Write(text[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

type snapshotAnswer struct {
	ID      int64                      `json:"id"`
	Version string                     `json:"version"`
	Files   []string                   `json:"files"`
	Values  map[string]json.RawMessage `json:"values,omitzero"` // left out if the program has them
	Stale   *fault                     `json:"stale,omitempty"`
}

// snapshot answers all values, or that the program has them. What cannot be
// taken up any more leaves the values as they were, and is told.
func (s *server) snapshot(ctx context.Context, q request) (any, error) {
	answer := snapshotAnswer{ID: q.ID, Files: []string{}}
	err := s.refresh(ctx)
	if err == nil && s.version() != s.answered {
		var values map[string]json.RawMessage
		if values, err = s.all(); err == nil {
			s.values, s.answered = values, s.version()
		}
	}
	switch path, missing := s.missing(err); {
	case err == nil:
		answer.Stale = s.staleness(nil)
	case s.values != nil:
		answer.Stale = s.staleness(err)
	case missing: // a program of Flask-Vault gets no value then, and no error
		answer.Files, answer.Values = []string{path}, map[string]json.RawMessage{}
		return answer, nil
	default:
		return nil, err
	}
	answer.Version = s.answered
	for _, f := range s.seen {
		if f.credentials {
			answer.Files = append(answer.Files, f.path)
		}
	}
	if answer.Version != q.Have {
		answer.Values = s.values
	}
	return answer, nil
}

// staleness is what an answer says where its values may not be those that are stored now,
// because err kept them from being taken up or because a copy was read.
func (s *server) staleness(err error) *fault {
	if err == nil {
		err = s.copied
	}
	if err == nil {
		return nil
	}
	return s.fault(err)
}

func (s *server) all() (map[string]json.RawMessage, error) {
	names, err := s.layers.Names()
	if err != nil {
		return nil, err
	}
	values := make(map[string]json.RawMessage, len(names))
	for _, name := range names {
		value, err := s.typed(name)
		if err != nil {
			return nil, err
		}
		if value != nil {
			values[name] = value
		}
	}
	return values, nil
}

// missing is the path of the default environment's vault, if err says that there
// is none. Another environment is one that somebody asked for.
func (s *server) missing(err error) (string, bool) {
	if !errors.Is(err, backend.ErrNoVault) {
		return "", false
	}
	c, err := s.resolve()
	if err != nil || c.Environment != config.DefaultEnvironment {
		return "", false
	}
	return c.Path(), true
}

type getAnswer struct {
	ID      int64           `json:"id"`
	Version string          `json:"version"`
	Value   json.RawMessage `json:"value"` // null if there is none
	Stale   *fault          `json:"stale,omitempty"`
}

// get answers one value at any path, also a mapping's.
func (s *server) get(ctx context.Context, q request) (any, error) {
	err := s.untaken
	if s.layers == nil || s.changed() || s.due() {
		if err = s.refresh(ctx); err != nil && s.layers == nil {
			if _, missing := s.missing(err); missing {
				return getAnswer{ID: q.ID}, nil
			}
			return nil, err
		}
	}
	stale := s.staleness(err)
	value, err := s.typed(q.Key)
	return getAnswer{q.ID, s.version(), value, stale}, err
}

// typed is a value as JSON with its type, nil if there is none.
func (s *server) typed(name string) (json.RawMessage, error) {
	for _, v := range s.layers {
		value, err := v.Get(name)
		if errors.Is(err, format.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return appendTyped(v.Format().Name(), value)
	}
	return nil, nil
}
