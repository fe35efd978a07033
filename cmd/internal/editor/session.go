package editor

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

const sessionPrefix = "flask-vault-edit-"

// session is a private directory with the plaintext in it.
type session struct {
	dir  string
	file string
	lock io.Closer // held until the session ends, however it ends
}

// newSession writes o.Text to a fresh directory in the first of the memory
// directories that takes it, else in o.Fallback, with a warning.
func newSession(memory []string, o Options) (*session, error) {
	var failures []error
	for _, parent := range memory {
		s, err := openSession(parent, o)
		if err == nil {
			return s, nil
		}
		failures = append(failures, err)
	}
	if o.Fallback == "" {
		failures = append(failures, errors.New("no memory-backed directory for the plaintext"))
		return nil, errors.Join(failures...)
	}
	parent, err := filepath.Abs(o.Fallback)
	if err == nil {
		err = os.MkdirAll(parent, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("make a directory for the plaintext: %w", err)
	}
	fmt.Fprintf(o.Err, "warning: there is no memory-backed directory for the plaintext; until the editor ends it is on disk in %s\n", parent)
	return openSession(parent, o)
}

func openSession(parent string, o Options) (*session, error) {
	dir, lock, err := lockedDir(parent)
	if err != nil {
		return nil, fmt.Errorf("make a directory for the plaintext: %w", err)
	}
	s := &session{dir: dir, lock: lock, file: filepath.Join(dir, fileName(o.Name))}
	if err := s.write(o.Text, o.ReadOnly); err != nil {
		return nil, errors.Join(fmt.Errorf("write the plaintext for the editor: %w", err), s.close())
	}
	return s, nil
}

// lockedDir makes a fresh directory whose lock this process holds. A Sweep can
// come between the two steps and remove the directory, which is empty then.
func lockedDir(parent string) (dir string, lock io.Closer, err error) {
	for range 10 {
		dir, err = os.MkdirTemp(parent, sessionPrefix+strconv.Itoa(os.Getpid())+"-*")
		if err != nil {
			return "", nil, err
		}
		lock, err = lockDir(dir)
		if err == nil {
			return dir, lock, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", nil, errors.Join(err, os.Remove(dir))
		}
	}
	return "", nil, err
}

func (s *session) write(text []byte, readOnly bool) error {
	f, err := os.OpenFile(s.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil && readOnly {
		err = os.Chmod(s.file, 0o400)
	}
	return errors.Join(err, f.Close())
}

// close removes the directory and lets go of the lock, in the order that the
// system needs.
func (s *session) close() error {
	return removeLocked(s.dir, s.lock)
}

// removeAll removes a directory with all it holds, even if the editor left
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

// remove is close for a defer: what stays is told to the person.
func (s *session) remove(warn io.Writer) {
	if err := s.close(); err != nil {
		fmt.Fprintf(warn, "warning: the plaintext could not be removed, please remove %s yourself: %v\n", s.dir, err)
	}
}
