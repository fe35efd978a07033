//go:build unix

package plugins

import (
	"os"

	"golang.org/x/sys/unix"
)

// takeStdout returns the real standard output, for the handshake, and sends
// whatever the plugin prints from now on, be it from Go or from C, to standard
// error: on standard output it would break the handshake.
func takeStdout() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	if err := unix.Dup2(2, 1); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "handshake"), nil
}
