package private

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Leftover is a directory whose process has died without removing it, as after
// a kill -9. It can hold a plaintext.
type Leftover struct {
	Dir string // absolute
	PID int    // the process that made it
}

// Parents are the directories that may hold private directories, whether or not
// a new one would be put there today: runtimeDir (what XDG_RUNTIME_DIR says),
// the shared memory, and fallback. Those that are empty are left out.
func Parents(runtimeDir, fallback string) []string {
	var parents []string
	for _, dir := range []string{runtimeDir, SharedMemory} {
		if filepath.IsAbs(dir) {
			parents = append(parents, dir)
		}
	}
	if fallback != "" {
		if dir, err := filepath.Abs(fallback); err == nil {
			parents = append(parents, dir)
		}
	}
	return parents
}

// Leftovers lists the directories of dead processes of this user in parents.
// The error tells of what could not be looked at, beside what was found.
func Leftovers(parents []string) ([]Leftover, error) {
	return visitDead(parents, func(_ string, lock io.Closer) error { return lock.Close() })
}

// Sweep removes what [Leftovers] lists and returns what it removed. It is safe
// beside living processes and other sweeps.
func Sweep(parents []string) ([]Leftover, error) {
	return visitDead(parents, removeLocked)
}

// visitDead calls visit with each dead directory and its lock, and returns
// those for which it succeeded.
func visitDead(parents []string, visit func(string, io.Closer) error) ([]Leftover, error) {
	var found []Leftover
	var failures []error
	for _, parent := range parents {
		entries, err := os.ReadDir(parent)
		if err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				failures = append(failures, err)
			}
			continue
		}
		for _, entry := range entries {
			pid, ok := madeBy(entry.Name())
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

// madeBy reads the process id out of a directory's name.
func madeBy(name string) (pid int, ok bool) {
	rest, ok := strings.CutPrefix(name, Prefix)
	if !ok {
		return 0, false
	}
	digits, random, ok := strings.Cut(rest, "-")
	pid, err := strconv.Atoi(digits)
	return pid, ok && err == nil && random != ""
}
