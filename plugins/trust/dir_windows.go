package trust

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// Windows has access lists instead of these; the directory is below the user's
// own LocalAppData, which others cannot write.

func othersCanWrite(fs.FileInfo) bool { return false }

func ours(fs.FileInfo) bool { return true }

func executable(fs.FileInfo) bool { return true }

// lockName belongs to no plugin: their files have a dot in their names.
const lockName = "lock"

// openLock opens what an installation locks. Windows locks files and no directories,
// so one is left.
func openLock(root *os.Root) (*os.File, error) {
	return root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
}

// tryLock reports whether it got the lock, which ends when f is closed.
func tryLock(f *os.File) (bool, error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}
