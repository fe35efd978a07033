// Package durable writes files so that a crash, a full disk or a power cut
// leaves either the old content or the new one, whole.
//
// A [File] collects the content under a random name in the directory of its
// destination. [File.Replace] and [File.Create] flush it to the disk, give it
// its name in one step and flush the directory; until then nobody sees it.
// [File.Discard] removes it.
//
// [ReadFile] reads without waiting and within a limit, whatever has the name.
//
// backend/file and keysource/file store with it, and backend writes encrypted
// and decrypted files with it.
package durable

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	tempPrefix = ".flask-vault-"
	tempSuffix = ".tmp"
)

// IsTemp reports whether a file name is one that this package gives to content
// that is not complete, so that leftovers of a killed process can be found.
func IsTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}

// File is content on its way to a destination.
type File struct {
	*os.File
	dest string
}

// New starts the content of dest with the permission bits perm, less the umask.
func New(dest string, perm fs.FileMode) (*File, error) {
	var random [8]byte
	rand.Read(random[:])
	name := filepath.Join(filepath.Dir(dest), tempPrefix+hex.EncodeToString(random[:])+tempSuffix)
	// O_EXCL refuses a file or link that somebody put there first.
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot write beside it: %w", dest, WithoutPath(err))
	}
	return &File{File: f, dest: dest}, nil
}

// Dest is the path that the content is for.
func (f *File) Dest() string { return f.dest }

// Replace gives the content its name, in place of whatever had it. A symbolic
// link of that name is replaced, not followed.
func (f *File) Replace() error { return f.finish(os.Rename) }

// Create gives the content its name and fails with [fs.ErrExist] where the
// name is taken, even if another process takes it at the same moment.
func (f *File) Create() error { return f.finish(createOnly) }

// Keep flushes the content to the disk under its temporary name, [os.File.Name],
// for the caller to give it its own with [Rename].
func (f *File) Keep() error {
	return f.finish(func(string, string) error { return nil })
}

// Rename gives a file that was kept its name, in place of whatever had it.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("%s: cannot write: %w", to, WithoutPath(err))
	}
	return syncDir(filepath.Dir(to))
}

// Remove removes a file for good.
func Remove(path string) error {
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("%s: cannot remove: %w", path, WithoutPath(err))
	}
	return syncDir(filepath.Dir(path))
}

func (f *File) finish(name func(from, to string) error) error {
	if err := f.Sync(); err != nil {
		f.Discard()
		return fmt.Errorf("%s: cannot bring it to the disk, nothing is changed: %w", f.dest, WithoutPath(err))
	}
	if err := f.Close(); err != nil {
		f.Discard()
		return fmt.Errorf("%s: cannot write, nothing is changed: %w", f.dest, WithoutPath(err))
	}
	if err := name(f.File.Name(), f.dest); err != nil {
		f.Discard()
		return fmt.Errorf("%s: cannot write, nothing is changed: %w", f.dest, WithoutPath(err))
	}
	if err := syncDir(filepath.Dir(f.dest)); err != nil {
		return fmt.Errorf("%s: written, but the disk did not confirm it; check the disk and write it again: %w", f.dest, WithoutPath(err))
	}
	return nil
}

// Discard removes the content. It is harmless after [File.Replace] and [File.Create].
func (f *File) Discard() {
	_ = f.Close()
	_ = os.Remove(f.File.Name())
}

// WriteSecret creates or replaces dest with data, for its owner alone (0600).
func WriteSecret(dest string, data []byte, finish func(*File) error) error {
	f, err := New(dest, 0o600)
	if err != nil {
		return err
	}
	defer f.Discard()
	// The umask may have taken the owner's own rights.
	if err := f.Chmod(0o600); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%s: %w", dest, WithoutPath(err))
	}
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("%s: cannot write, nothing is changed: %w", dest, WithoutPath(err))
	}
	return finish(f)
}

// WithoutPath takes the operation and the paths from an error of the package os, for
// messages that name the file by another name: that of a temporary one, for
// example, means nothing to a person.
func WithoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
