package launch

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// childFile is the snapshot's name inside the child: descriptor 3, which
// os/exec gives to the first of its extra files. It stays open in the child,
// since an interpreter has to open the script by it.
const childFile = "/proc/self/fd/3"

const seals = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL

// snapshot copies f into a sealed memory file, or where that is forbidden
// (vm.memfd_noexec=2) into an unlinked file.
func snapshot(f *os.File, scratch string) (*Program, []byte, error) {
	m, err := memory()
	if err != nil {
		return unlinked(f, scratch)
	}
	sum, err := fill(m, f)
	if err != nil {
		_ = m.Close()
		return nil, nil, err
	}
	return &Program{path: childFile, file: m}, sum, nil
}

func fill(m, f *os.File) ([]byte, error) {
	sum, err := copyAndSum(m, f)
	if err == nil {
		err = seal(m)
	}
	return sum, err
}

// NewHandover makes the empty memory file of a [Handover]. Its error means that
// there is no such thing here, and the other process has to check by itself.
func NewHandover() (*Handover, error) {
	m, err := memory()
	if err != nil {
		return nil, err
	}
	return &Handover{File: m}, nil
}

func (h *Handover) fill(f *os.File) ([]byte, error) { return fill(h.File, f) }

// Received is the program that was handed over to this process. It refuses a
// file that is not sealed: that one could still change.
func Received() (*Program, error) {
	m := os.NewFile(3, "flask-vault-plugin")
	if m == nil {
		return nil, errors.New("no program was handed over")
	}
	has, err := unix.FcntlInt(m.Fd(), unix.F_GET_SEALS, 0)
	if err == nil && has&seals != seals {
		err = errors.New("it is not sealed")
	}
	if err != nil {
		return nil, fmt.Errorf("the program that was handed over: %w", err)
	}
	return &Program{path: childFile, file: m}, nil
}

func memory() (*os.File, error) {
	const name, flags = "flask-vault-plugin", unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3 there is no MFD_EXEC and none is needed
		fd, err = unix.MemfdCreate(name, flags)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// seal makes the file unchangeable for everybody, and for good.
func seal(m *os.File) error {
	if _, err := unix.FcntlInt(m.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return fmt.Errorf("seal the executable: %w", err)
	}
	return nil
}

// unlinked copies f into a file that has no name by the time it is summed, so
// that nothing but our own descriptor leads to what was summed.
func unlinked(f *os.File, scratch string) (*Program, []byte, error) {
	path := filepath.Join(scratch, RunPrefix+rand.Text())
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o700)
	if err != nil {
		return nil, nil, fmt.Errorf("copy the executable: %w", err)
	}
	r, err := os.Open(path) // for reading only: a file that is open for writing cannot be executed
	err = errors.Join(err, os.Remove(path))
	if err == nil {
		err = errors.Join(writeAll(w, f), w.Close())
	} else {
		_ = w.Close()
	}
	if err == nil {
		var sum []byte
		if sum, err = copyAndSum(discard{}, r); err == nil {
			return &Program{path: childFile, file: r}, sum, nil
		}
	}
	if r != nil {
		_ = r.Close()
	}
	return nil, nil, err
}

func writeAll(w, f *os.File) error {
	_, err := copyAndSum(w, f)
	return err
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
