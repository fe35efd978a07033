//go:build faults && linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestConcurrentWriters has 8 writers set 200 secrets each at once, or 25.
func TestConcurrentWriters(t *testing.T) {
	writers, each := 8, 25
	if everything() {
		each = 200
	}
	w := newWorld(t, t.TempDir())
	w.mustFlask("", "init", "-q")
	var all sync.WaitGroup
	begun := time.Now()
	var want []string
	for p := range writers {
		for n := range each {
			want = append(want, fmt.Sprintf("w%d-%d", p, n))
		}
		all.Go(func() {
			for n := range each {
				name := fmt.Sprintf("w%d-%d", p, n)
				r, err := w.try(hangs, "value of "+name, nil, static(t), "set", name, "-")
				if err != nil || r.code != 0 {
					t.Errorf("set %s: exit code %d, %v\n%s", name, r.code, err, r.stderr)
				}
			}
		})
	}
	all.Wait()
	got := strings.Fields(w.mustFlask("", "list"))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d secrets are set, want %d", len(got), len(want))
	}
	text := w.mustFlask("", "decrypt", "credentials.yml.enc")
	for _, name := range want {
		if n := strings.Count(text, name+": value of "+name+"\n"); n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	if left := w.leftovers(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	t.Logf("%d processes at a time, %d sets: none lost, none doubled, in %v", writers, len(want), time.Since(begun).Round(time.Second))
}

// TestLockHolder says who holds the lock, and does not wait for the dead.
func TestLockHolder(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mustFlask("", "init", "-q")
	lock, err := os.Create(w.in("credentials.yml.enc.lock"))
	must(t, err)
	defer lock.Close()
	must(t, unix.Flock(int(lock.Fd()), unix.LOCK_EX))
	fmt.Fprintln(lock, os.Getpid())
	begun := time.Now()
	r := w.flask("x", "set", "a", "-")
	if r.code != 8 || !strings.Contains(r.stderr, fmt.Sprint(os.Getpid())) {
		t.Errorf("exit code %d, and our process is not named:\n%s", r.code, r.stderr)
	}
	if took := time.Since(begun); took < 9*time.Second || took > 40*time.Second {
		t.Errorf("it waited for %v", took)
	}
	// The file stays, with our name in it, and nobody holds it.
	must(t, lock.Close())
	begun = time.Now()
	w.mustFlask("x", "set", "a", "-")
	if took := time.Since(begun); took > 8*time.Second {
		t.Errorf("it waited for somebody who is gone, for %v", took)
	}
}
