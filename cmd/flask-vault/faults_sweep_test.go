//go:build faults && linux

package main

import (
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var faultErrors = []string{"ENOSPC", "EIO", "EDQUOT", "EACCES"}

// everything says that no fault is to be left out, by FAULTS=all. Else one call
// is killed at, the next fails with one of the errors, and the third is left in
// peace; and the calls before the program is at work are left out.
func everything() bool { return os.Getenv("FAULTS") == "all" }

// tally counts what was done to a command.
type tally struct {
	sync.Mutex
	runs, kills, errors, calls int // calls: different ones that were hit
	before, after, leftovers   int
}

// TestFaults kills and fails each command at each of its calls in turn.
func TestFaults(t *testing.T) {
	all := &tally{}
	t.Run("commands", func(t *testing.T) {
		for _, c := range writers(fileSize(t)) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				n := c.sweep(t)
				t.Logf("%s: %d runs at %d calls: %d kills and %d errors survived; %d left the old content, %d the new one; %d leftovers, all found",
					c.name, n.runs, n.calls, n.kills, n.errors, n.before, n.after, n.leftovers)
				all.Lock()
				defer all.Unlock()
				all.runs, all.kills, all.errors, all.calls = all.runs+n.runs, all.kills+n.kills, all.errors+n.errors, all.calls+n.calls
				all.before, all.after, all.leftovers = all.before+n.before, all.after+n.after, all.leftovers+n.leftovers
			})
		}
	})
	t.Logf("all: %d faults injected at %d calls: %d kills and %d errors survived; %d left the old content, %d the new one; %d leftovers, all found",
		all.kills+all.errors, all.calls, all.kills, all.errors, all.before, all.after, all.leftovers)
}

// sweep is one command's part of TestFaults.
func (c *writer) sweep(t *testing.T) *tally {
	s := newSweeping(t, c)

	// What the command does when nothing fails.
	trace, r := s.run(nil)
	if r.code != 0 && c.name != "git merge in conflict" {
		t.Fatalf("it fails without a fault: exit code %d\n%s", r.code, r.stderr)
	}
	first := map[string]int{} // call of each name on a file of ours
	last := map[string]int{}
	for _, x := range trace {
		last[x.name] = max(last[x.name], x.nth)
		if x.ours && (first[x.name] == 0 || x.nth < first[x.name]) {
			first[x.name] = x.nth
		}
	}
	for _, name := range calls {
		if first[name] == 0 && !slices.ContainsFunc(trace, func(x call) bool { return x.name == name }) {
			continue
		}
		start := max(first[name], 1)
		if everything() {
			start = 1
		}
		for n := start; s.at(name, n) || n < last[name]; n++ {
		}
	}
	// The calls on files of ours that were not hit, since they were made by
	// another thread or under another number than here.
	for _, x := range trace {
		if !everything() {
			break
		}
		for _, what := range []string{"SIGKILL", "error"} {
			if x.ours && !s.hit[what+" "+x.site] {
				s.missing[what+" "+x.site] = x
			}
		}
	}
	for attempt := 0; len(s.missing) > 0 && attempt < 120; attempt++ {
		for _, site := range slices.Sorted(maps.Keys(s.missing)) {
			x := s.missing[site]
			if !x.writes() && attempt >= 4 {
				continue
			}
			// With a file, its calls alone are counted; else another thread may have
			// come to that number first, and the next time it does not.
			f := fault{x.name, "SIGKILL", max(1, x.nth+1-attempt%(x.nth+1)), ""}
			if x.path != "" {
				f.nth, f.path = x.ordinal-attempt%x.ordinal, x.path
			}
			if !strings.HasPrefix(site, f.what) {
				f.what = faultErrors[attempt%len(faultErrors)]
			}
			s.fault(f)
			if s.hit[site] {
				delete(s.missing, site)
			}
		}
	}
	for site, x := range s.missing {
		if x.writes() {
			t.Errorf("never hit: %s", site)
		} else {
			t.Logf("never hit, but the calls before and after it: %s", site)
		}
	}
	s.tally.calls = len(s.hit)
	return &s.tally
}

// newSweeping sets a command's world up.
func newSweeping(t *testing.T, c *writer) *sweeping {
	t.Helper()
	// In memory, since a goroutine that waits for a disk goes on in another thread.
	template := newWorld(t, inMemory(t))
	c.setup(template)
	return &sweeping{t: t, c: c, template: template, missing: map[string]call{}, hit: map[string]bool{}}
}

type sweeping struct {
	t        *testing.T
	c        *writer
	template *world
	n        int
	hit      map[string]bool // by "SIGKILL " or "error " and the site
	missing  map[string]call
	tally    tally
}

// at tries the faults at the nth call of a name, and reports whether there was
// such a call.
func (s *sweeping) at(name string, n int) bool {
	if everything() {
		hit := s.fault(fault{name, "SIGKILL", n, ""})
		for _, what := range faultErrors {
			hit = s.fault(fault{name, what, n, ""}) || hit
		}
		return hit // else no thread has so many
	}
	h := fnv.New32()
	fmt.Fprint(h, s.c.name, name)
	turn := int(h.Sum32()%12) + n
	switch turn % 3 {
	case 0:
		return s.fault(fault{name, "SIGKILL", n, ""})
	case 1:
		return s.fault(fault{name, faultErrors[turn/3%4], n, ""})
	}
	return false
}

// run runs the command in a fresh world, which is w afterwards.
func (s *sweeping) run(f *fault) ([]call, result) {
	w := s.fresh()
	trace, r := s.runIn(w, f)
	must(s.t, os.RemoveAll(w.root))
	return trace, r
}

func (s *sweeping) fresh() *world {
	s.n++
	shm := filepath.Join(s.template.shm, fmt.Sprint(s.n))
	must(s.t, os.Mkdir(shm, 0o700))
	return s.template.copy(s.t, filepath.Join(filepath.Dir(s.template.root), fmt.Sprintf("run-%d", s.n)), shm)
}

func (s *sweeping) runIn(w *world, f *fault) ([]call, result) {
	s.t.Helper()
	output := w.root + ".trace"
	defer os.Remove(output)
	if f != nil && f.path != "" {
		here := *f
		here.path = strings.NewReplacer("$WORLD", w.root, "$MEMORY", w.shm).Replace(f.path)
		f = &here
	}
	line := append(strace(output, f), static(s.t))
	args := s.c.args(w)
	if s.c.driver {
		s.driver(w, line...)
		line = []string{"git"}
	}
	var env []string
	if s.c.env != nil {
		env = s.c.env(w)
	}
	line = append(line, args...)
	// What strace lets fail is not done, so a file stays open that the program
	// thinks is closed. Where that is a pipe, whoever waits for its end waits for
	// good. The kernel itself always closes.
	limit, pipe := hangs, f != nil && f.call == "close" && !f.kills()
	if pipe {
		limit = 8 * time.Second
	}
	r, err := w.try(limit, s.c.stdin, env, line[0], line[1:]...)
	if err != nil && pipe {
		return nil, r
	}
	must(s.t, err)
	trace := readTrace(s.t, output, w.vault(), map[string]string{w.root: "$WORLD", w.shm: "$MEMORY"})
	if f != nil {
		hit := hitBy(s.t, output, trace, *f)
		kind := "error"
		if f.kills() {
			kind = "SIGKILL"
		}
		for i := range trace {
			trace[i].injected = false
		}
		for _, x := range hit {
			s.hit[kind+" "+x.site] = true
		}
		trace = hit
	}
	return trace, r
}

// driver has git call a command line as the merge driver.
func (s *sweeping) driver(w *world, line ...string) {
	script := fmt.Sprintf("#!/bin/sh\nexec %s git merge-driver \"$@\"\n", strings.Join(line, " "))
	must(s.t, os.WriteFile(w.at("driver"), []byte(script), 0o755))
	config, err := os.ReadFile(w.at("home/.gitconfig"))
	must(s.t, err)
	config = []byte(strings.ReplaceAll(string(config), s.template.at("driver"), w.at("driver")))
	must(s.t, os.WriteFile(w.at("home/.gitconfig"), config, 0o600))
}

// fault runs the command with a fault, and looks at what it left. It reports
// whether the fault happened.
func (s *sweeping) fault(f fault) bool {
	s.t.Helper()
	w := s.fresh()
	defer os.RemoveAll(w.root)
	defer os.RemoveAll(w.shm)
	hit, r := s.runIn(w, &f)
	if len(hit) == 0 {
		return false
	}
	s.tally.runs++
	if f.kills() {
		s.tally.kills += 1
	} else {
		s.tally.errors += len(hit)
	}
	var sites []string
	for _, x := range hit {
		sites = append(sites, x.site)
	}
	if got, err := s.examine(w, r, f.naming()); err != nil {
		s.t.Errorf("%v, %s: %v\nexit code %d, state %v\n%s", f, strings.Join(sites, "; "), err, r.code, got, r.stderr)
	} else if got == after {
		s.tally.after++
	} else {
		s.tally.before++
	}
	return true
}

// examine says what is wrong after a fault. naming says that it may have ended the
// command while a file was given its name.
func (s *sweeping) examine(w *world, r result, naming bool) (state, error) {
	left := w.leftovers()
	s.tally.leftovers += len(left)
	for _, secret := range s.c.secrets(w) {
		if found := w.holding(secret, s.c.mayHold(w, naming)); len(found) > 0 {
			return before, fmt.Errorf("plaintext or a key is in %q", found)
		}
	}
	if len(left) > 0 {
		report := w.flask("", "doctor")
		for _, path := range left {
			if !strings.Contains(report.stdout, filepath.Base(path)) {
				return before, fmt.Errorf("doctor does not find %s:\n%s", path, report.stdout)
			}
		}
	}
	if s.n%2 == 0 && len(left) > 0 { // it takes nothing away that is needed
		w.flask("", "doctor", "--fix")
	}
	got, err := s.c.look(w)
	if err != nil {
		return got, err
	}
	claims := strings.Contains(r.stderr, "nothing is changed") || strings.Contains(r.stderr, "nothing is written")
	switch {
	case r.code == 0 && got != after && s.c.name != "git merge in conflict":
		return got, fmt.Errorf("it says that all is well, and the change is not there")
	case r.code != 0 && claims && got == after:
		return got, fmt.Errorf("it says that nothing is changed, and the change is there")
	}
	if s.c.document {
		if r := w.flask("other", "set", "next.command", "-"); r.code != 0 {
			return got, fmt.Errorf("the next set fails: %s", r.stderr)
		}
		if text := w.mustFlask("", "get", "next.command"); strings.TrimSpace(text) != "other" {
			return got, fmt.Errorf("the next set is lost: %q", text)
		}
	}
	if len(w.leftovers()) > 0 {
		w.flask("", "doctor", "--fix")
	}
	if left := w.leftovers(); len(left) > 0 {
		return got, fmt.Errorf("doctor --fix leaves %q", left)
	}
	return got, nil
}
