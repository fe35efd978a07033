//go:build !linux

package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// snapshot copies f into a new private directory. These systems start programs
// by path alone; what keeps the copy as it was is that only the user can write
// in scratch.
func snapshot(f *os.File, scratch string) (*Program, []byte, error) {
	dir, err := os.MkdirTemp(scratch, RunPrefix) // mode 0700
	if err != nil {
		return nil, nil, fmt.Errorf("copy the executable: %w", err)
	}
	p := &Program{path: filepath.Join(dir, "plugin"), dir: dir}
	if runtime.GOOS == "windows" {
		p.path += ".exe"
	}
	w, err := os.OpenFile(p.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("copy the executable: %w", err), p.Close())
	}
	sum, err := copyAndSum(w, f)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, nil, errors.Join(err, p.Close())
	}
	return p, sum, nil
}

var errNoHandover = errors.New("this system has no sealed memory files")

// NewHandover returns an error: the other process has to check by itself.
func NewHandover() (*Handover, error) { return nil, errNoHandover }

func (*Handover) fill(*os.File) ([]byte, error) { return nil, errNoHandover }

// Received returns an error: nothing can be handed over on this system.
func Received() (*Program, error) { return nil, errNoHandover }
