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

// openLock opens what an installation locks: the directory itself, so no file is left.
func openLock(root *os.Root) (*os.File, error) { return root.Open(".") }

// tryLock reports whether it got the lock, which ends when f is closed. Where a file
// system has no locks it does without.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR), nil
}
