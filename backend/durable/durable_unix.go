//go:build unix

package durable

import (
	"errors"
	"os"
	"syscall"
)

// noWait lets an open not wait for the other end of a pipe.
const noWait = syscall.O_NONBLOCK

// createOnly names a file by a hard link, which fails where the name is taken.
// With it the file is there: that its temporary name stays is no failure.
func createOnly(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	_ = os.Remove(from)
	return nil
}

// markInUse locks a file under its temporary name for as long as it is open, which the
// kernel ends with the process. Where a file system has no locks it goes without.
func markInUse(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// InUse reports whether a process is writing a file under its temporary name, which
// is then no leftover.
func InUse(path string) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|noWait|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// syncDir brings the directory's entries to the disk. File systems that know no
// such thing answer EINVAL or ENOTSUP, and there is nothing to wait for.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
