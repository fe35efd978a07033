//go:build unix

package trust

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

func othersCanWrite(i fs.FileInfo) bool { return i.Mode().Perm()&0o022 != 0 }

// ours reports whether the file belongs to the user or to root.
func ours(i fs.FileInfo) bool {
	st, ok := i.Sys().(*syscall.Stat_t)
	return ok && (int(st.Uid) == os.Geteuid() || st.Uid == 0)
}

func executable(i fs.FileInfo) bool { return i.Mode().Perm()&0o111 != 0 }

// lock keeps other installations and removals out until unlock is called. The lock
// is on the directory itself, so no file is left; the kernel lets go of what a killed
// process holds. Readers need none. Where a file system has no locks it does nothing.
func lock(root *os.Root) (unlock func(), err error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return func() { _ = dir.Close() }, nil
		}
	}
}
