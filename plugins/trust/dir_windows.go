package trust

import (
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

// lock keeps other installations and removals out until unlock is called. Windows
// locks files and no directories, so one is left; it lets go of what a killed process
// holds. Readers need none.
func lock(root *os.Root) (unlock func(), err error) {
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped)); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
