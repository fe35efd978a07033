//go:build unix

package trust_test

import (
	"os"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/flask-vault/flask-vault/plugins/trust"
)

// TestAHeldLock has another process hold the lock, which any user can who can read the
// directory. Nobody waits for it without end.
func TestAHeldLock(t *testing.T) {
	s := newStore(t)
	r := install(t, s, "shop", "#!/bin/sh\n")
	dir, err := os.Open(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // its time is none
		if got := kind(s.Remove("shop")); got != trust.Busy {
			t.Errorf("a removal: %v", got)
		}
	})
	if got, err := s.Get("shop"); err != nil || got.File != r.File {
		t.Errorf("a reader: %v, %v", got, err)
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove("shop"); err != nil {
		t.Error(err)
	}
}
