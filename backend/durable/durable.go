// Package durable writes files so that a crash, a full disk or a power cut
// leaves either the old content or the new one, whole.
//
// A [File] collects the content under a random name in the directory of its
// destination. [File.Replace] and [File.Create] flush it to the disk, give it
// its name in one step and flush the directory; until then nobody sees it.
// [File.Discard] removes it. A plaintext or a key, of [NewSecret], has no name at
// all until it is whole, where the system can do that: if the process is killed,
// it is gone.
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
	temp string // "" while the content has no name
}

// New starts the content of dest with the permission bits perm, less the umask.
func New(dest string, perm fs.FileMode) (*File, error) {
	name := tempName(dest)
	// O_EXCL refuses a file or link that somebody put there first.
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot write beside it: %w", dest, WithoutPath(err))
	}
	markInUse(f)
	return &File{File: f, dest: dest, temp: name}, nil
}

// NewSecret is [New] for a plaintext or a key, for its owner alone (0600, whatever
// the umask). On Linux the content has no name while it is written, if the file
// system can do that; to replace a file it gets a temporary one for a moment.
func NewSecret(dest string) (*File, error) {
	f := &File{dest: dest}
	var err error
	// Whatever holds it back, New does without, or says why neither goes.
	if f.File, err = openUnnamed(filepath.Dir(dest)); err != nil {
		if f, err = New(dest, 0o600); err != nil {
			return nil, err
		}
	}
	// The umask may have taken the owner's own rights.
	if err := f.Chmod(0o600); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		f.Discard()
		return nil, fmt.Errorf("%s: %w", dest, WithoutPath(err))
	}
	return f, nil
}

func tempName(dest string) string {
	var random [8]byte
	rand.Read(random[:])
	return filepath.Join(filepath.Dir(dest), tempPrefix+hex.EncodeToString(random[:])+tempSuffix)
}

// Dest is the path that the content is for.
func (f *File) Dest() string { return f.dest }

// Name is the path of the temporary name, or "" while the content has none.
func (f *File) Name() string { return f.temp }

// Replace gives the content its name, in place of whatever had it. A symbolic
// link of that name is replaced, not followed.
func (f *File) Replace() error { return f.finish((*File).replace) }

// Create gives the content its name and fails with [fs.ErrExist] where the
// name is taken, even if another process takes it at the same moment.
func (f *File) Create() error { return f.finish((*File).create) }

// Keep flushes the content to the disk under its temporary name, [File.Name],
// for the caller to give it its own with [Rename].
func (f *File) Keep() error { return f.finish((*File).settle) }

func (f *File) replace() error {
	if f.temp == "" { // where nothing has the name, no other one is needed
		if err := f.create(); !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := f.settle(); err != nil {
		return err
	}
	return os.Rename(f.temp, f.dest)
}

func (f *File) create() error {
	if f.temp == "" {
		return linkUnnamed(f.File, f.dest)
	}
	if err := f.settle(); err != nil {
		return err
	}
	return createOnly(f.temp, f.dest)
}

// settle closes the content, with a temporary name at least.
func (f *File) settle() error {
	if f.temp == "" {
		temp := tempName(f.dest)
		if err := linkUnnamed(f.File, temp); err != nil {
			return err
		}
		f.temp = temp
	}
	return f.Close()
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

func (f *File) finish(name func(*File) error) error {
	if err := f.Sync(); err != nil {
		f.Discard()
		return fmt.Errorf("%s: cannot bring it to the disk, nothing is changed: %w", f.dest, WithoutPath(err))
	}
	if err := name(f); err != nil {
		f.Discard()
		return fmt.Errorf("%s: cannot write, nothing is changed: %w", f.dest, WithoutPath(err))
	}
	_ = f.Close() // what got its name without a temporary one is open yet, and on the disk
	if err := syncDir(filepath.Dir(f.dest)); err != nil {
		return fmt.Errorf("%s: written, but the disk did not confirm it; check the disk and write it again: %w", f.dest, WithoutPath(err))
	}
	return nil
}

// Discard removes the content. It is harmless after [File.Replace] and [File.Create].
func (f *File) Discard() {
	_ = f.Close()
	if f.temp != "" {
		_ = os.Remove(f.temp)
	}
}

// WriteSecret creates or replaces dest with data, as a file of [NewSecret].
func WriteSecret(dest string, data []byte, finish func(*File) error) error {
	f, err := NewSecret(dest)
	if err != nil {
		return err
	}
	defer f.Discard()
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
