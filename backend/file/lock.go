package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
)

// lock takes the advisory lock at path (flock, LockFileEx on Windows), which
// the system lets go when its holder dies, and writes the holder's process id
// into it. The returned function removes the file and lets go.
func lock(ctx context.Context, path string, timeout time.Duration) (unlock func(), err error) {
	if err := ctx.Err(); err != nil { // whether it is free, nobody has looked
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		// A repository can hold a symbolic link of this name that leads elsewhere.
		if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
			return nil, &durable.InputError{Reason: fmt.Sprintf("cannot lock: %s is not a regular file; remove it", path)}
		}
		l := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600))
		ok, err := l.TryLockContext(ctx, 5*time.Millisecond)
		if errors.Is(err, context.DeadlineExceeded) {
			_ = l.Close()
			return nil, &backend.LockedError{Path: path, PID: holder(path)}
		}
		if errors.Is(err, fs.ErrPermission) {
			_ = l.Close()
			return nil, closed(path, err)
		}
		if err != nil || !ok {
			_ = l.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", path, durable.WithoutPath(err))
		}
		// The holder before us removed the file: what we locked may be gone
		// from the directory, and somebody else may lock a new one.
		ours, err := claim(l, path)
		if err == nil && ours {
			return func() {
				_ = os.Remove(path) // while we hold it; fails on Windows, where it stays
				_ = l.Close()
			}, nil
		}
		_ = l.Close()
		if err != nil {
			return nil, err
		}
	}
}

// claim writes our process id into the file that was locked, for others' messages,
// and reports whether path still names that file. What is there and is no lock stays
// as it is: a repository, or another user, may have given the name to another file.
func claim(l *flock.Flock, path string) (bool, error) {
	locked, err := l.Stat()
	if err != nil {
		return false, fmt.Errorf("cannot lock %s: %w", path, durable.WithoutPath(err))
	}
	// flock keeps its descriptor to itself; the comparison below makes this one as good.
	f, err := os.OpenFile(path, os.O_RDWR|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot lock %s: %w", path, durable.WithoutPath(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("cannot lock %s: %w", path, durable.WithoutPath(err))
	}
	if !os.SameFile(locked, info) {
		return false, nil
	}
	if links(f, info) > 1 {
		return false, &durable.InputError{Reason: fmt.Sprintf("cannot lock: %s is a hard link, the second name of another file; remove it", path)}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxPID+1))
	if err != nil {
		return true, nil // so on Windows, where a locked file is read through its own handle alone
	}
	if len(text) > maxPID || len(bytes.Trim(text, "0123456789\r\n")) > 0 {
		return false, &durable.InputError{Reason: fmt.Sprintf("cannot lock: %s is not the file of a lock; move it away", path)}
	}
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	}
	return true, nil
}

// closed says why a lock cannot be opened. One that another user's process left when it
// was killed, such as root's, is opened by nobody else, so nobody can see that it is free.
func closed(path string, err error) error {
	err = fmt.Errorf("cannot lock %s: %w", path, durable.WithoutPath(err))
	if info, e := os.Lstat(path); e == nil && os.Geteuid() >= 0 && durable.Owner(info) != os.Geteuid() {
		return fmt.Errorf("%w; it belongs to another user (user id %d): remove it, unless a command of theirs is at work", err, durable.Owner(info))
	}
	return err
}

// maxPID is the most bytes of a process id.
const maxPID = 16

func holder(path string) int {
	text, err := durable.ReadFile(path, 64)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		return 0
	}
	return pid
}
