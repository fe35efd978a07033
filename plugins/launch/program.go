package launch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// MaxSize is the most bytes that the executable of a plugin may have (256 MiB).
const MaxSize = 256 << 20

// RunPrefix begins the name of a copy on disk of an executable; digits and capitals follow.
const RunPrefix = ".run-"

// ErrChanged is wrapped by the error of [Check] when the executable is not the
// one that was recorded.
var ErrChanged = errors.New("the executable is not the one that was installed")

// Program is an executable that is ready to be started.
type Program struct {
	path string   // what is executed
	file *os.File // passed to the child as descriptor 3 when not nil
	dir  string   // removed by Close when not ""
}

// Installed is the program at a path, unchecked: for an executable that belongs
// to the installation of the host itself and is as trusted as the host.
func Installed(path string) *Program { return &Program{path: path} }

// Check takes a snapshot of the executable that f is open on and compares its
// SHA-256 with want, in hex. What runs later is the very bytes that were
// compared. scratch is an existing directory that the user alone can write; the
// systems that need a copy on disk put it there. The caller closes the Program
// after its last start; f stays the caller's.
func Check(f *os.File, want, scratch string) (*Program, error) {
	p, sum, err := snapshot(f, scratch)
	if err != nil {
		return nil, err
	}
	if err := compare(sum, want); err != nil {
		_ = p.Close()
		return nil, err
	}
	return p, nil
}

func compare(sum []byte, want string) error {
	if got := hex.EncodeToString(sum); got != want {
		return fmt.Errorf("%w: its SHA-256 is %.12s…, recorded is %.12s…", ErrChanged, got, want)
	}
	return nil
}

// Handover is a memory file that another process already holds, as descriptor
// 3, while this one still copies, checks and seals the program in it. So the
// check takes no time of its own while that process starts. The other process
// uses it with [Received], once it was told that the check went well.
type Handover struct {
	File *os.File // for [Options.Pass]; the caller closes it
}

// Check copies the executable that f is open on into the memory file, seals it
// and compares its SHA-256 with want, as the function [Check] does.
func (h *Handover) Check(f *os.File, want string) error {
	sum, err := h.fill(f)
	if err != nil {
		return err
	}
	return compare(sum, want)
}

// Close frees the snapshot. Processes that were started from it go on.
func (p *Program) Close() error {
	var err error
	if p.file != nil {
		err = p.file.Close()
	}
	if p.dir != "" {
		err = errors.Join(err, os.RemoveAll(p.dir))
	}
	return err
}

// copyAndSum copies an executable and returns the SHA-256 of what it wrote.
func copyAndSum(to io.Writer, from io.Reader) ([]byte, error) {
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(to, h)},
		struct{ io.Reader }{io.LimitReader(from, MaxSize+1)}, make([]byte, 512<<10))
	if err != nil {
		return nil, fmt.Errorf("copy the executable: %w", err)
	}
	if n > MaxSize {
		return nil, fmt.Errorf("the executable is larger than %d MiB", MaxSize>>20)
	}
	return h.Sum(nil), nil
}
