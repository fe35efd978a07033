package private

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// Prefix begins the name of every private directory. The id of the process
// that made it and a random number follow.
const Prefix = "flask-vault-edit-"

// Dir is a directory with mode 0700 whose lock this process holds until
// [Dir.Remove], or until it ends in any way.
type Dir struct {
	path string
	lock io.Closer
}

// Make makes a fresh directory in the first of memory, which come from
// [MemoryDirs], that takes one and what fill writes to it. Where none does it
// makes it in fallback, which is made too if it is missing; onDisk then says so,
// for the caller to warn. Without a fallback it fails.
func Make(memory []string, fallback string, fill func(*Dir) error) (d *Dir, onDisk bool, err error) {
	var failures []error
	for _, parent := range memory {
		d, err := filled(parent, fill)
		if err == nil {
			return d, false, nil
		}
		failures = append(failures, err)
	}
	if fallback == "" {
		failures = append(failures, errors.New("no memory-backed directory for the plaintext"))
		return nil, false, errors.Join(failures...)
	}
	parent, err := filepath.Abs(fallback)
	if err == nil {
		err = os.MkdirAll(parent, 0o700)
	}
	if err != nil {
		return nil, false, fmt.Errorf("make a directory for the plaintext: %w", err)
	}
	d, err = filled(parent, fill)
	return d, true, err
}

func filled(parent string, fill func(*Dir) error) (*Dir, error) {
	d, err := locked(parent)
	if err != nil {
		return nil, fmt.Errorf("make a directory for the plaintext: %w", err)
	}
	if err := fill(d); err != nil {
		return nil, errors.Join(err, d.Remove())
	}
	return d, nil
}

// locked makes a fresh directory in parent. A sweep can come between its making and
// its locking and remove the directory, which is empty then, so it tries again.
func locked(parent string) (*Dir, error) {
	var err error
	for range 10 {
		var path string
		path, err = os.MkdirTemp(parent, Prefix+strconv.Itoa(os.Getpid())+"-*")
		if err != nil {
			break
		}
		var lock io.Closer
		lock, err = lockDir(path)
		if err == nil {
			return &Dir{path: path, lock: lock}, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			err = errors.Join(err, os.Remove(path))
			break
		}
	}
	return nil, err
}

// Path is the directory's absolute path.
func (d *Dir) Path() string { return d.path }

// Write makes a file in the directory, with mode 0600 or, if readOnly, 0400,
// and returns its path. The name must be free.
func (d *Dir) Write(name string, content []byte, readOnly bool) (string, error) {
	path := filepath.Join(d.path, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err == nil && readOnly {
		err = os.Chmod(path, 0o400)
	}
	return path, errors.Join(err, f.Close())
}

// Replace replaces a file of the directory in one step, with mode 0600.
func (d *Dir) Replace(name string, content []byte) error {
	path, err := d.Write(name+".new", content, false)
	if err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(d.path, name))
}

// Remove removes the directory with all it holds and lets go of the lock, in
// the order that the system needs.
func (d *Dir) Remove() error { return removeLocked(d.path, d.lock) }

// removeAll removes a directory with all it holds, even if a program left
// something in it that may not be written to.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case d == nil:
			return err
		case d.IsDir():
			return os.Chmod(path, 0o700) //nolint:gosec // below our own private directory
		case runtime.GOOS == "windows" && d.Type().IsRegular():
			return os.Chmod(path, 0o600) //nolint:gosec // below our own private directory; a read-only file cannot be removed there
		}
		return nil
	})
	return os.RemoveAll(dir)
}
