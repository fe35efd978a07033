package keysource

import (
	"context"
	"errors"
	"strings"
)

// Chain asks sources in order; the first key wins. It is itself a [Source].
type Chain []Source

// Find returns the first key and the source that gave it. Where none has one
// the error is a *[NoKeyError] with each answer; where a source fails in any
// other way the search ends with its *[SourceError], since going on could pick
// an older key in silence.
func (c Chain) Find(ctx context.Context) (Key, Source, error) {
	var none NoKeyError
	for _, s := range c {
		if err := ctx.Err(); err != nil {
			return Key{}, nil, err
		}
		k, err := s.Load(ctx)
		switch {
		case err == nil && k.IsZero():
			return Key{}, nil, &SourceError{Source: s.Name(), Err: errors.New("answered neither a key nor an error")}
		case err == nil:
			return k, s, nil
		case errors.Is(err, ErrNoKey):
			none.Answers = append(none.Answers, Answer{Source: s.Name(), Err: err})
		default:
			return Key{}, nil, &SourceError{Source: s.Name(), Err: err}
		}
	}
	return Key{}, nil, &none
}

// Load is [Chain.Find] without the source.
func (c Chain) Load(ctx context.Context) (Key, error) {
	k, _, err := c.Find(ctx)
	return k, err
}

// Name lists the names of the sources in order.
func (c Chain) Name() string {
	names := make([]string, len(c))
	for i, s := range c {
		names[i] = s.Name()
	}
	return strings.Join(names, ", then ")
}
