package keysource

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Source is one place that may hold a master key.
//
// The packages keysource/file, keysource/env and keysource/external implement
// it, and so does anybody who writes a plugin; keysource/keysourcetest checks
// an implementation. [Chain] calls it.
type Source interface {
	// Name says in a few words which place this is, as an error shows it:
	// "file master.key", "env FLASK_VAULT_MASTER_KEY". It holds no secret.
	Name() string

	// Load returns the key. An error that wraps ErrNoKey means that this place
	// holds none and the next one may be asked; any other error ends the search.
	// No error holds the key or a part of it.
	Load(ctx context.Context) (Key, error)
}

// Saver is a Source that can also keep a key. Saving the key that is there
// already changes nothing; saving another one than is there replaces it, so a
// caller that must not lose the old key loads it first. The zero Key is refused.
type Saver interface {
	Source
	Save(ctx context.Context, k Key) error
}

// Creator is a Saver that can keep a key only where there is none, even if
// another process does so at the same moment. Else Create fails with an error
// that wraps [fs.ErrExist]. keysource/file implements it.
type Creator interface {
	Saver
	Create(ctx context.Context, k Key) error
}

// CreateVerified keeps a first key and loads it back. Where another key is kept
// meanwhile it fails with [fs.ErrExist], if s is a [Creator]; a mere Saver may
// replace it.
func CreateVerified(ctx context.Context, s Saver, k Key) error {
	if c, ok := s.(Creator); ok {
		return verified(ctx, s, k, c.Create)
	}
	return verified(ctx, s, k, s.Save)
}

// SaveVerified saves a key and loads it back, so that nothing is encrypted under
// a key that its source lost. Its error is a *[SourceError].
func SaveVerified(ctx context.Context, s Saver, k Key) error { return verified(ctx, s, k, s.Save) }

func verified(ctx context.Context, s Saver, k Key, save func(context.Context, Key) error) error {
	err := save(ctx, k)
	if err == nil {
		var back Key
		if back, err = s.Load(ctx); err == nil && !back.Equal(k) {
			err = errors.New("it did not give back the key that was saved to it")
		}
	}
	if err != nil {
		return &SourceError{Source: s.Name(), Err: err}
	}
	return nil
}

// Deleter is a Source that can also forget its key. Deleting where there is no
// key is an error that wraps [ErrNoKey].
type Deleter interface {
	Source
	Delete(ctx context.Context) error
}

// ErrNoKey is wrapped by the error of a [Source] that holds no key, and by
// [NoKeyError].
var ErrNoKey = errors.New("no key")

// Answer is what one source of a chain said when it was asked.
type Answer struct {
	Source string // Source.Name
	Err    error
}

// NoKeyError says that no source of a chain has a key, with the answer of each.
type NoKeyError struct{ Answers []Answer }

func (e *NoKeyError) Error() string {
	if len(e.Answers) == 0 {
		return "no key source is configured"
	}
	lines := make([]string, 0, 1+len(e.Answers))
	lines = append(lines, "no key source has a key")
	for _, a := range e.Answers {
		lines = append(lines, fmt.Sprintf("  %s: %v", a.Source, a.Err))
	}
	return strings.Join(lines, "\n")
}

// Is makes errors.Is(err, ErrNoKey) true.
func (e *NoKeyError) Is(target error) bool { return target == ErrNoKey }

// Unwrap gives errors.Is and errors.As each answer's error.
func (e *NoKeyError) Unwrap() []error {
	errs := make([]error, len(e.Answers))
	for i, a := range e.Answers {
		errs[i] = a.Err
	}
	return errs
}

// SourceError says which source failed, and how. It is what [Chain.Find]
// returns when a source answers with anything but a key or [ErrNoKey].
type SourceError struct {
	Source string // Source.Name
	Err    error
}

func (e *SourceError) Error() string { return e.Source + ": " + e.Err.Error() }

// Unwrap returns the source's own error.
func (e *SourceError) Unwrap() error { return e.Err }
