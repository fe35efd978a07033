package editor

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Leftover is the directory of a session that has died without removing it, as
// after a kill -9. It can hold a plaintext.
type Leftover struct {
	Dir string // absolute
	PID int    // the process that made it
}

// Leftovers lists the directories of dead sessions of this user in the places
// that Run would use with the same Env and Fallback. Living sessions are not
// among them.
func Leftovers(o Options) ([]Leftover, error) {
	return visitDead(o, func(_ string, lock lockHandle) error { return lock.Close() })
}

// Sweep removes what [Leftovers] lists and returns what it removed. It is safe
// beside living sessions and other sweeps.
func Sweep(o Options) ([]Leftover, error) {
	return visitDead(o, func(dir string, lock lockHandle) error { return removeLocked(dir, lock) })
}

// visitDead calls visit with each dead session's directory and its lock, and
// returns those for which it succeeded.
func visitDead(o Options, visit func(string, lockHandle) error) ([]Leftover, error) {
	o = o.withDefaults()
	var found []Leftover
	var failures []error
	for _, parent := range sessionParents(o) {
		entries, err := os.ReadDir(parent)
		if err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				failures = append(failures, err)
			}
			continue
		}
		for _, entry := range entries {
			pid, ok := sessionPID(entry.Name())
			if !ok || !entry.IsDir() {
				continue
			}
			dir := filepath.Join(parent, entry.Name())
			lock, dead := lockDead(dir)
			if !dead {
				continue
			}
			if err := visit(dir, lock); err != nil {
				failures = append(failures, err)
				continue
			}
			found = append(found, Leftover{Dir: dir, PID: pid})
		}
	}
	return found, errors.Join(failures...)
}

// sessionParents are the directories that may hold sessions, whether or not a
// new one would be put there today.
func sessionParents(o Options) []string {
	var parents []string
	for _, dir := range []string{o.getenv("XDG_RUNTIME_DIR"), sharedMemory} {
		if filepath.IsAbs(dir) {
			parents = append(parents, dir)
		}
	}
	if o.Fallback != "" {
		if dir, err := filepath.Abs(o.Fallback); err == nil {
			parents = append(parents, dir)
		}
	}
	return parents
}

// sessionPID reads the process id out of a session directory's name.
func sessionPID(name string) (int, bool) {
	rest, ok := strings.CutPrefix(name, sessionPrefix)
	if !ok {
		return 0, false
	}
	digits, random, ok := strings.Cut(rest, "-")
	pid, err := strconv.Atoi(digits)
	return pid, ok && err == nil && random != ""
}
