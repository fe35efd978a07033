//go:build unix

package cli

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openQuick is os.Open for a regular file without the five system calls that find
// out whether the file can be polled, which cost more than reading most sources.
func openQuick(path string) (*os.File, error) {
	for {
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		switch {
		case err == nil:
			return os.NewFile(uintptr(fd), path), nil
		case !errors.Is(err, syscall.EINTR):
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}
