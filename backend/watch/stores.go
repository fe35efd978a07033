package watch

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

const (
	mendFirst = 250 * time.Millisecond // how long after a watch broke it is begun anew
	mendMost  = 30 * time.Second       // that at most, if it breaks again and again
	mended    = 30 * time.Second       // a watch that held so long was no failure
)

// stores follows those documents that are no local files.
type stores struct {
	changed  chan struct{} // a store has told something; holds one
	watching atomic.Int32  // how many watches run
	want     int32         // how many there are to be; -1 if a store cannot tell, 0 if there are only files
	group    sync.WaitGroup
}

func watchStores(ctx context.Context, layers backend.Layers) *stores {
	s := &stores{changed: make(chan struct{}, 1)}
	for _, v := range layers {
		if _, file := v.Files(); file {
			continue
		}
		if !v.Watchable() {
			s.want = -1
			continue
		}
		if s.want >= 0 {
			s.want++
		}
		s.group.Go(func() { s.keep(ctx, v) })
	}
	return s
}

// told reports whether every change in a store will be told.
func (s *stores) told() bool { return s.watching.Load() == s.want }

// any reports whether there is a store at all.
func (s *stores) any() bool { return s.want != 0 }

// wait waits until all watches have ended, which they do when ctx ends.
func (s *stores) wait() { s.group.Wait() }

// nudge has the watcher look.
func (s *stores) nudge() {
	select {
	case s.changed <- struct{}{}:
	default: // it will look anyway
	}
}

// keep watches one vault, and begins anew when that is broken. The waits grow and
// are random, so that a server that comes back is not met by all at once.
func (s *stores) keep(ctx context.Context, v *backend.Vault) {
	pause := mendFirst
	for ctx.Err() == nil {
		begin := time.Now()
		s.watching.Add(1)
		_ = v.Watch(ctx, s.nudge) // what is wrong, the next look tells, if it is
		s.watching.Add(-1)
		s.nudge() // the wait until the next look is a shorter one now
		if time.Since(begin) > mended {
			pause = mendFirst
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // it spreads requests, and keeps no secret
		}
		pause = min(2*pause, mendMost)
	}
}
