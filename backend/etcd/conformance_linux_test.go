package etcd_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/etcd"
	"github.com/flask-vault/flask-vault/backend/storetest"
)

var places atomic.Int64

// place is a key of its own, which the user app may write.
func (c *cluster) place() storetest.Place {
	scheme := "etcd://"
	if c.plain {
		scheme = "etcd+http://"
	}
	url := fmt.Sprintf("%s%s/app/place%d", scheme, c.endpoints(), places.Add(1))
	return storetest.Place{Open: func() (backend.Store, error) { return etcd.Open(url, c.options("app")) }}
}

func TestConformance(t *testing.T) {
	c := running(t)
	storetest.Run(t, storetest.Harness{
		New:        func(testing.TB) storetest.Place { return c.place() },
		Timeout:    30 * time.Second,
		Secrets:    secrets(),
		Contention: storetest.Contention{Timeout: 30 * time.Second},
	})
}

func secrets() []string {
	var all []string
	for _, p := range passwords {
		all = append(all, p)
	}
	return all
}

// TestConformanceWithoutTLS is HTTP/1.1, which has no pings, and no users.
func TestConformanceWithoutTLS(t *testing.T) {
	c := alone(t)
	storetest.Run(t, storetest.Harness{
		New:        func(testing.TB) storetest.Place { return c.place() },
		Timeout:    30 * time.Second,
		Contention: storetest.Contention{Timeout: 30 * time.Second},
	})
}

// TestServersDie kills the leader and a follower, and stops the leader, while six
// write and four watch.
func TestServersDie(t *testing.T) {
	c := running(t)
	place := c.place()
	var done []string
	place.Faults = func(ctx context.Context) error {
		for _, fault := range []string{"kill leader", "kill follower", "hang leader", "kill leader"} {
			// Some saves succeed before the next fault.
			if err := c.progress(ctx, place); err != nil {
				return err
			}
			leader, follower, err := c.roles()
			if err != nil {
				return err
			}
			hit := leader
			if strings.HasSuffix(fault, "follower") {
				hit = follower
			}
			if strings.HasPrefix(fault, "hang") {
				hit.signal(syscall.SIGSTOP)
				err = c.progress(ctx, place) // the others go on
				hit.signal(syscall.SIGCONT)
			} else {
				hit.signal(syscall.SIGKILL)
				err = c.progress(ctx, place)
				if e := hit.start(); e != nil {
					return e
				}
			}
			if err != nil {
				return fmt.Errorf("%s: %w", fault, err)
			}
			if err := c.ready(); err != nil {
				return fmt.Errorf("%s: %w", fault, err)
			}
			done = append(done, fault)
		}
		return nil
	}
	report, err := storetest.Contend(t.Context(), place, storetest.Contention{
		Timeout: 30 * time.Second, Limit: 5 * time.Minute,
	})
	t.Logf("%v\n%s", report, strings.Join(done, ", "))
	if err != nil {
		t.Error(err)
	}
	if len(done) != 4 || !slices.Contains(done, "hang leader") {
		t.Errorf("only these faults: %v", done)
	}
}

// progress waits until the document has changed five times.
func (c *cluster) progress(ctx context.Context, place storetest.Place) error {
	s, err := place.Open()
	if err != nil {
		return err
	}
	defer s.(*etcd.Store).Close()
	var have backend.Version
	for seen := 0; seen < 5; {
		snap, err := s.Load(ctx, have)
		if err == nil {
			have = snap.Version
			seen++
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no progress: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
