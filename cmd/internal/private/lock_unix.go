//go:build unix

package private

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lockDir locks a directory that this process has made, for its lifetime. The
// lock is on the directory itself and is dropped by the kernel with the process.
// The error is os.ErrNotExist if a sweep was faster.
func lockDir(dir string) (io.Closer, error) {
	f, err := openDir(dir)
	if err != nil {
		return nil, err
	}
	// Where the file system has no locks the directory goes without one: nobody
	// else can get it either, so nobody takes it for a dead one.
	_ = flock(f, syscall.LOCK_EX)
	held, err := f.Stat()
	if err == nil {
		var now os.FileInfo
		if now, err = os.Lstat(dir); err == nil && !os.SameFile(held, now) {
			err = os.ErrNotExist
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lockDead locks a directory that no process holds. It leaves
// alone whatever belongs to somebody else.
func lockDead(dir string) (lock io.Closer, dead bool) {
	f, err := openDir(dir)
	if err != nil {
		return nil, false
	}
	info, err := f.Stat()
	if err != nil || !ownedByUser(info) || flock(f, syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		f.Close()
		return nil, false
	}
	return f, true
}

// removeLocked removes the directory before it lets go of the lock, so that
// nobody takes it for a dead one meanwhile.
func removeLocked(dir string, lock io.Closer) error {
	return errors.Join(removeAll(dir), lock.Close())
}

func openDir(dir string) (*os.File, error) {
	return os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
}

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); err != syscall.EINTR {
			return err
		}
	}
}

func ownedByUser(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
