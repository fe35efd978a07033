package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
		if err != nil || !ok {
			_ = l.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", path, durable.WithoutPath(err))
		}
		// The holder before us removed the file: what we locked may be gone
		// from the directory, and somebody else may lock a new one.
		if !same(l, path) {
			_ = l.Close()
			continue
		}
		sign(path)
		return func() {
			_ = os.Remove(path) // while we hold it; fails on Windows, where it stays
			_ = l.Close()
		}, nil
	}
}

func same(l *flock.Flock, path string) bool {
	locked, err := l.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(locked, named)
}

// sign writes our process id into the lock's file for others' messages.
func sign(path string) {
	if f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|noFollow, 0); err == nil {
		_, _ = fmt.Fprintln(f, os.Getpid())
		_ = f.Close()
	}
}

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
