//go:build (faults || soak) && linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// A world is all that a command can write to: a vault, a home, a directory for
// temporary files and one in memory. What the commands are given lies beside it.
type world struct {
	t     *testing.T
	root  string // on disk: vault, home and tmp in it
	given string // files for the commands to read, and the plaintexts of the editor
	shm   string // in memory, for XDG_RUNTIME_DIR
}

// newWorld makes an empty world below dir.
func newWorld(t *testing.T, dir string) *world {
	t.Helper()
	w := &world{t: t, root: filepath.Join(dir, "world"), given: filepath.Join(dir, "given")}
	for _, d := range []string{w.vault(), w.at("home"), w.at("tmp"), w.given} {
		must(t, os.MkdirAll(d, 0o755))
	}
	w.shm = inMemory(t)
	return w
}

// inMemory makes a private directory in memory that goes with the test.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "faults-*")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (w *world) at(name string) string { return filepath.Join(w.root, name) }
func (w *world) vault() string         { return w.at("vault") }
func (w *world) in(name string) string { return filepath.Join(w.vault(), name) }

// give writes a file for the commands to read and returns its path.
func (w *world) give(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.given, name)
	must(w.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// environ is the environment of a command in this world.
func (w *world) environ(more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + w.at("home"),
		"TMPDIR=" + w.at("tmp"),
		"XDG_RUNTIME_DIR=" + w.shm,
		"GIT_CONFIG_NOSYSTEM=1",
		"EDITOR=false",
		// strace counts the calls of each thread on its own: as few threads as can
		// be, and no calls that only find out how many there should be.
		"GOMAXPROCS=1", "GODEBUG=containermaxprocs=0,updatemaxprocs=0",
	}, more...)
}

// start makes a command that runs in the vault, in a process group of its own.
func (w *world) start(ctx context.Context, stdin string, env []string, name string, args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = w.vault(), w.environ(env...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd, &out, &errs
}

// hangs is when a program counts as hanging.
const hangs = time.Minute

// do runs a program to its end.
func (w *world) do(stdin string, env []string, name string, args ...string) result {
	w.t.Helper()
	r, err := w.try(hangs, stdin, env, name, args...)
	must(w.t, err)
	return r
}

// try is do with an error for a program that hangs or does not start.
func (w *world) try(limit time.Duration, stdin string, env []string, name string, args ...string) (result, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), limit)
	defer cancel()
	cmd, out, errs := w.start(ctx, stdin, env, name, args...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return result{}, fmt.Errorf("%s %q hangs or did not start: %w\n%s", name, args, err, errs)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}, nil
}

// flask runs our program.
func (w *world) flask(stdin string, args ...string) result {
	w.t.Helper()
	return w.do(stdin, nil, static(w.t), args...)
}

// mustFlask runs our program, which must succeed, and returns its output.
func (w *world) mustFlask(stdin string, args ...string) string {
	w.t.Helper()
	r := w.flask(stdin, args...)
	if r.code != 0 {
		w.t.Fatalf("flask-vault %q: exit code %d\n%s", args, r.code, r.stderr)
	}
	return r.stdout
}

// leftovers are the files of the vault and the directories in memory that a
// command that was killed did not remove. Locks are none: nobody holds them.
func (w *world) leftovers() []string {
	var found []string
	_ = filepath.WalkDir(w.root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && durable.IsTemp(d.Name()) {
			found = append(found, path)
		}
		return nil
	})
	entries, _ := os.ReadDir(w.shm)
	for _, e := range entries {
		found = append(found, filepath.Join(w.shm, e.Name()))
	}
	if sessions, err := filepath.Glob(w.in("tmp/*")); err == nil {
		found = append(found, sessions...)
	}
	return found
}

// static builds the program without cgo, as it is released: fewer calls of the
// system at its start.
func static(t *testing.T) string {
	t.Helper()
	path, err := buildStatic()
	must(t, err)
	return path
}

var buildStatic = sync.OnceValues(func() (string, error) {
	us, err := exec.LookPath("flask-vault")
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(us), "static", "flask-vault")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New("go build: " + string(out))
	}
	return path, nil
})

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
