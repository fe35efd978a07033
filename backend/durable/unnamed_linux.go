package durable

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openUnnamed opens a new file of a directory's file system that has no name: it is
// gone when it is closed, by whatever end of the process. Not every file system can
// do that, and without /proc the file could not get a name.
func openUnnamed(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(ownPath(f)); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// linkUnnamed gives a file of openUnnamed a name, and fails where it is taken.
func linkUnnamed(f *os.File, name string) error {
	for {
		err := unix.Linkat(unix.AT_FDCWD, ownPath(f), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// ownPath is a path to an open file that needs no name of it.
func ownPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }
