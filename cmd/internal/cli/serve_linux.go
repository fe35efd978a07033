package cli

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// endWithParent ends this process when the one that started it has ended, even
// if some other process still holds the pipe. The signal that the kernel offers
// for this would also come when a mere thread of the parent ends.
func endWithParent() {
	parent := os.Getppid()
	fd, err := unix.PidfdOpen(parent, 0)
	if err != nil || os.Getppid() != parent {
		return // the end of standard input has to do
	}
	go func() {
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err == nil && n > 0 {
				os.Exit(exitOK)
			}
			return
		}
	}()
}

// keepOutOfDumps keeps the key and the values out of core dumps, and other
// processes of this user out of our memory.
func keepOutOfDumps() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
