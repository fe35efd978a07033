//go:build faults && linux

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// writersNamed are those of writers that have these names.
func writersNamed(size int, names ...string) []writer {
	return slices.DeleteFunc(writers(size), func(c writer) bool { return !slices.Contains(names, c.name) })
}

// TestPlaintextHasNoName kills what writes a plaintext or a key at each writing and
// each flush: no file is left, and nothing in a file that has a name.
func TestPlaintextHasNoName(t *testing.T) {
	for _, c := range append(writersNamed(fileSize(t), "decrypt -o", "decrypt -o --force", "key copy"),
		writersNamed(3<<19, "decrypt -o", "decrypt -o --force")...) { // more than is decrypted in memory
		t.Run(c.name, func(t *testing.T) {
			s := newSweeping(t, &c)
			for _, name := range []string{"write", "fchmod", "fsync"} {
				for n := 1; s.fault(fault{name, "SIGKILL", n, ""}); n++ { // until no thread has so many
				}
				if !s.hit["SIGKILL "+name+" $WORLD/vault/* #1"] {
					t.Errorf("not killed at %s: %q", name, slices.Sorted(maps.Keys(s.hit)))
				}
			}
			if s.tally.leftovers > 0 {
				t.Errorf("%d files are left", s.tally.leftovers)
			}
			t.Logf("%s: killed %d times at %d calls, nothing left", c.name, s.tally.kills, len(s.hit))
		})
	}
}

// TestWithoutUnnamedFiles: where the file system has no files without a name, or
// there is no /proc to give them one, they are written under a temporary name.
func TestWithoutUnnamedFiles(t *testing.T) {
	for _, c := range writersNamed(fileSize(t), "decrypt -o", "decrypt -o --force", "key copy") {
		t.Run(c.name, func(t *testing.T) {
			s := newSweeping(t, &c)
			t.Run("no /proc", func(t *testing.T) { s.withoutProc(t) })
			for _, answer := range []string{"EOPNOTSUPP", "EISDIR", "EINVAL", "ENOENT"} {
				// Which number it has in its thread is not the same every time.
				for n := 0; !s.refused(answer, 1+n%12); n++ {
					if n > 200 {
						t.Fatalf("no file without a name is asked for")
					}
				}
			}
		})
	}
}

// refused lets the nth openat of each thread fail with an error. If it was one, for a
// file without a name, the command must succeed, and it reports true.
func (s *sweeping) refused(answer string, n int) bool {
	s.t.Helper()
	w := s.fresh()
	defer os.RemoveAll(w.root)
	output := filepath.Join(s.t.TempDir(), "trace")
	line := append(append(strace(output, &fault{"openat", answer, n, ""}), static(s.t)), s.c.args(w)...)
	r := w.do(s.c.stdin, nil, line[0], line[1:]...)
	trace, err := os.ReadFile(output)
	must(s.t, err)
	var hit []string // but for what the start of the program asks the system
	for line := range strings.Lines(string(trace)) {
		if strings.Contains(line, "(INJECTED)") && !strings.Contains(line, `"/proc/`) && !strings.Contains(line, `"/sys/`) {
			hit = append(hit, line)
		}
	}
	if len(hit) != 1 || !strings.Contains(hit[0], "O_TMPFILE") {
		return false
	}
	s.succeeds(s.t, w, r, answer)
	return true
}

func (s *sweeping) succeeds(t *testing.T, w *world, r result, what string) {
	t.Helper()
	if got, err := s.c.look(w); r.code != 0 || err != nil || got != after {
		t.Errorf("%s: exit code %d, state %v, %v\n%s", what, r.code, got, err, r.stderr)
	}
	if left := w.leftovers(); len(left) > 0 {
		t.Errorf("%s: left: %q", what, left)
	}
}

// withoutProc runs the command where the world is all there is.
func (s *sweeping) withoutProc(t *testing.T) {
	asRoot(t)
	w := s.fresh()
	program, err := os.ReadFile(static(t))
	must(t, err)
	must(t, os.WriteFile(w.at("flask-vault"), program, 0o600))
	must(t, os.Chmod(w.at("flask-vault"), 0o700))
	cmd, out, errs := w.start(t.Context(), s.c.stdin, nil, "/flask-vault", s.c.args(w)...)
	cmd.Dir, cmd.SysProcAttr = "/vault", &syscall.SysProcAttr{Chroot: w.root}
	cmd.Env = []string{"HOME=/home", "TMPDIR=/tmp", "XDG_RUNTIME_DIR=/tmp"}
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	s.succeeds(t, w, result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}, fmt.Sprint("no /proc in ", w.root))
}
