package durable

import (
	"os"

	"golang.org/x/sys/windows"
)

// noWait is for systems whose files can be named pipes.
const noWait = 0

// createOnly moves a file without MOVEFILE_REPLACE_EXISTING, so that it fails
// where the name is taken.
func createOnly(from, to string) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(f, t, windows.MOVEFILE_WRITE_THROUGH)
}

// markInUse has nothing to do: the system removes no file that is open.
func markInUse(*os.File) {}

// InUse is false: what is in use cannot be removed.
func InUse(string) bool { return false }

// syncDir has nothing to do: a directory cannot be flushed on Windows.
func syncDir(string) error { return nil }
