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
