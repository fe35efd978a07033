package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

const (
	probeWriters = 16
	probeRounds  = 4 // of saves over one version, after the one that creates
)

// vouch returns nil where it is known that the server honours conditions. It finds
// that out if it has to.
func (s *Store) vouch(ctx context.Context) error {
	srv, err := s.settle()
	if err != nil {
		return err
	}
	if srv.amazon {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.honest {
		return nil
	}
	if s.o.Conditional {
		err = s.scratch(ctx, s.refusesTheImpossible)
	} else {
		err = s.probe(ctx)
	}
	if err != nil {
		return fmt.Errorf("not saved: %w", err)
	}
	s.honest = true
	return nil
}

// Probe finds out by writing whether the server honours conditions, also when 16
// writers come at once, and removes what it wrote: an object beside the document. It
// fails with [ErrUnconditional] if not, and with another error if that cannot be
// found out. It proves what it saw: a server that races seldom may pass.
func (s *Store) Probe(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.probe(ctx)
	s.honest = err == nil
	return err
}

func (s *Store) probe(ctx context.Context) error {
	return s.scratch(ctx, func(ctx context.Context, key string) error {
		if err := s.refusesTheImpossible(ctx, key); err != nil {
			return err
		}
		version, err := s.compete(ctx, key, "", 0)
		for n := 1; err == nil && n <= probeRounds; n++ {
			old := version
			if version, err = s.compete(ctx, key, old, n); err == nil {
				err = s.refuses(ctx, key, old, "a version that had been replaced")
			}
		}
		if err != nil {
			return err
		}
		if err := s.refuses(ctx, key, "", "creating an object that is there"); err != nil {
			return err
		}
		if _, err := s.load(ctx, key, version); !errors.Is(err, backend.ErrNotModified) {
			return fmt.Errorf("%w: a GET with If-None-Match did not answer 304 (%w)", ErrUnconditional, orSuccess(err))
		}
		return nil
	})
}

func orSuccess(err error) error {
	if err == nil {
		return errors.New("it gave the object")
	}
	return err
}

// scratch calls try with the key of an object beside the document, and removes it.
func (s *Store) scratch(ctx context.Context, try func(ctx context.Context, key string) error) error {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	key := s.key + ".probe-" + hex.EncodeToString(id[:])
	err := try(ctx, key)
	// Also when the caller gave up; it stays behind only if this fails too.
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	removed, _ := s.do(clean, http.MethodDelete, key, nil, nil, maxError)
	if err == nil && removed != nil && removed.status == http.StatusForbidden {
		// Who saves often would leave many.
		if _, there := s.get(clean, key, ""); there == nil {
			err = s.serverError(removed)
		}
	}
	if err == nil {
		return nil
	}
	var uncertain *uncertainError
	if errors.As(err, &uncertain) {
		err = uncertain.err // it is of the object beside the document, on which nothing hangs
	}
	var e *ServerError
	if errors.As(err, &e) && e.Status == http.StatusForbidden && e.Code != "SignatureDoesNotMatch" && e.Code != "InvalidAccessKeyId" {
		return fmt.Errorf("it cannot be found out whether the server honours conditional writes: allow s3:GetObject, s3:PutObject and s3:DeleteObject for %s.probe-* in this bucket: %w", s.key, err)
	}
	if !errors.Is(err, ErrUnconditional) {
		return fmt.Errorf("it cannot be found out whether the server honours conditional writes: %w", err)
	}
	return err
}

// refusesTheImpossible sends a PUT over a version that no object has.
func (s *Store) refusesTheImpossible(ctx context.Context, key string) error {
	return s.refuses(ctx, key, `"00000000000000000000000000000000"`, "a version that no object has")
}

// refuses checks that a PUT whose condition does not hold is refused.
func (s *Store) refuses(ctx context.Context, key string, prev backend.Version, what string) error {
	_, err := s.put(ctx, key, []byte("flask-vault: of a probe, to be removed\n"), prev)
	switch {
	case errors.Is(err, backend.ErrConflict):
		return nil
	case err == nil:
		return fmt.Errorf("%w: it wrote over %s. Saving there could lose somebody else's change: use another server or a newer version of this one", ErrUnconditional, what)
	}
	return err
}

// compete lets writers save over one version at once: one must win, and its object
// must be there. A round in which the server refused all, or broke down, is repeated.
func (s *Store) compete(ctx context.Context, key string, prev backend.Version, round int) (backend.Version, error) {
	var unclear error
	for range 3 {
		version, err := s.round(ctx, key, prev, round)
		if err == nil || errors.Is(err, ErrUnconditional) || ctx.Err() != nil {
			return version, err
		}
		unclear = err
		// Somebody may have won without knowing.
		snap, err := s.load(ctx, key, "")
		switch {
		case err == nil:
			prev = snap.Version
		case errors.Is(err, backend.ErrNoVault):
			prev = ""
		}
	}
	return "", unclear
}

func (s *Store) round(ctx context.Context, key string, prev backend.Version, n int) (backend.Version, error) {
	versions, errs := make([]backend.Version, probeWriters), make([]error, probeWriters)
	blob := func(w int) []byte {
		return fmt.Appendf(nil, "flask-vault: of a probe, to be removed: round %d, writer %d, over %s\n", n, w, prev)
	}
	start := make(chan struct{})
	var wg sync.WaitGroup
	for w := range probeWriters {
		wg.Go(func() {
			<-start
			versions[w], errs[w] = s.put(ctx, key, blob(w), prev)
		})
	}
	close(start)
	wg.Wait()
	winner, won := -1, 0
	var unclear error
	for w, err := range errs {
		switch {
		case err == nil:
			winner = w
			won++
		case !errors.Is(err, backend.ErrConflict):
			unclear = err
		}
	}
	switch {
	case won > 1:
		return "", fmt.Errorf("%w: of %d writers that saved over one version at once, %d succeeded. Saving there could lose somebody else's change: use another server or a newer version of this one", ErrUnconditional, probeWriters, won)
	case unclear != nil:
		return "", unclear
	case won == 0:
		return "", fmt.Errorf("of %d writers that saved over one version at once, none succeeded", probeWriters)
	}
	snap, err := s.load(ctx, key, "")
	if err != nil {
		return "", err
	}
	if !bytes.Equal(snap.Blob, blob(winner)) || snap.Version != versions[winner] {
		return "", fmt.Errorf("%w: a GET after an acknowledged PUT gave another object", ErrUnconditional)
	}
	return snap.Version, nil
}
