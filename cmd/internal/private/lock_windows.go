package private

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

const lockName = ".session"

func lockDir(dir string) (io.Closer, error) {
	name, err := windows.UTF16PtrFromString(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.CREATE_NEW,
		windows.FILE_ATTRIBUTE_HIDDEN|windows.FILE_FLAG_DELETE_ON_CLOSE, 0)
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: dir, Err: err}
	}
	return os.NewFile(uintptr(h), lockName), nil
}

// lockDead reports a directory dead if its lock file is gone. One that is just
// being made looks the same, but is empty: its maker then makes another.
func lockDead(dir string) (lock io.Closer, dead bool) {
	_, err := os.Lstat(filepath.Join(dir, lockName))
	if !errors.Is(err, os.ErrNotExist) {
		return nil, false
	}
	return io.NopCloser(nil), true
}

// removeLocked closes the lock first: Windows removes no file that is open.
func removeLocked(dir string, lock io.Closer) error {
	return errors.Join(lock.Close(), removeAll(dir))
}
