package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNone is wrapped where a directory is in no git work tree, or git is not installed.
var ErrNone = errors.New("this is no git work tree")

// Error is what git said when it failed.
type Error struct {
	Command string // "git cat-file"
	Said    string // the first line of its standard error
	Err     error
}

func (e *Error) Error() string {
	if e.Said == "" {
		return fmt.Sprintf("%s: %v", e.Command, e.Err)
	}
	return e.Command + ": " + e.Said
}

func (e *Error) Unwrap() error { return e.Err }

// Repo is a git work tree.
type Repo struct {
	Top string // its directory, absolute
	Dir string // what all its work trees share: .git, absolute

	environ []string
}

// Find looks for the work tree that a directory is in. git is run with the
// variables in environ.
func Find(ctx context.Context, dir string, environ []string) (*Repo, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, fmt.Errorf("%w: git is not installed", ErrNone)
	}
	r := &Repo{Top: dir, environ: environ}
	out, err := r.Output(ctx, "rev-parse", "--show-toplevel", "--git-common-dir")
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrNone, dir)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != 2 {
		return nil, fmt.Errorf("%w that can be worked with: %s has a line end in its path", ErrNone, dir)
	}
	r.Top, r.Dir = filepath.FromSlash(lines[0]), filepath.FromSlash(lines[1])
	if !filepath.IsAbs(r.Dir) {
		r.Dir = filepath.Join(dir, r.Dir)
	}
	return r, nil
}

// Output runs git at the top of the work tree and returns what it prints.
// Its error is an *[Error].
func (r *Repo) Output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := r.command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, failure(args, &stderr, err)
	}
	return out, nil
}

func (r *Repo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = r.Top
	cmd.Env = r.environ
	return cmd
}

func failure(args []string, stderr *bytes.Buffer, err error) error {
	said, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
	return &Error{Command: "git " + args[0], Said: said, Err: err}
}

// Config is the values that the configuration has for a name, the last of which
// counts; none if it is not set.
func (r *Repo) Config(ctx context.Context, name string) ([]string, error) {
	out, err := r.Output(ctx, "config", "--null", "--get-all", name)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return split(out), nil
}

// Hooks is the directory of the hooks, absolute.
func (r *Repo) Hooks(ctx context.Context) (string, error) {
	out, err := r.Output(ctx, "rev-parse", "--git-path", "hooks")
	if err != nil {
		return "", err
	}
	dir := filepath.FromSlash(strings.TrimSuffix(string(out), "\n"))
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(r.Top, dir)
	}
	return dir, nil
}

// split takes apart what NUL ends.
func split(out []byte) []string {
	text := strings.TrimSuffix(string(out), "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}
