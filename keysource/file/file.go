// Package file keeps a master key in a file, such as Flask-Vault's master.key.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/keysource"
)

// Source is a key file. It implements [keysource.Creator] and [keysource.Deleter].
type Source struct {
	path string
	opts Options
}

// Options change how a key file is treated.
type Options struct {
	// Name is how messages call the file; the path if empty.
	Name string
	// Insecure reads the file even if others can read or change it, or it is theirs.
	Insecure bool
	// Owners are ids of users, besides this one and root, whose files are read.
	Owners []int
}

// New makes a source of the file at path. Nothing is opened yet.
func New(path string, o Options) *Source {
	if o.Name == "" {
		o.Name = path
	}
	return &Source{path: path, opts: o}
}

// InsecureError says that other users can read or change a key file, or that it is theirs.
type InsecureError struct {
	Path  string
	Mode  fs.FileMode // its permission bits
	Owner int         // the id of the user that it belongs to, if that is the reason; else 0
}

func (e *InsecureError) Error() string {
	if e.Owner != 0 {
		return fmt.Sprintf("it belongs to another user (user id %d)", e.Owner)
	}
	return fmt.Sprintf("other users can read or change it (its mode is %04o)", e.Mode.Perm())
}

// Name is "file" and the file's name.
func (s *Source) Name() string { return "file " + s.opts.Name }

// Path is the file's path.
func (s *Source) Path() string { return s.path }

// Load reads the key. Where there is no file the error wraps
// [keysource.ErrNoKey]; a file that others can read or change, or that is theirs, is an
// *[InsecureError].
func (s *Source) Load(context.Context) (keysource.Key, error) {
	f, err := durable.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(s.path); err == nil {
			return keysource.Key{}, fmt.Errorf("%w: it is a symbolic link to a file that is not there", keysource.ErrNoKey)
		}
		return keysource.Key{}, fmt.Errorf("%w: there is no such file", keysource.ErrNoKey)
	}
	if err != nil {
		return keysource.Key{}, durable.WithoutPath(err)
	}
	defer f.Close()
	// The open file is asked, not the path, which could change in between.
	info, err := f.Stat()
	if err != nil {
		return keysource.Key{}, durable.WithoutPath(err)
	}
	if info.IsDir() { // a pipe may well hold a key
		return keysource.Key{}, durable.Regular(info)
	}
	if err := s.exposed(info); err != nil && !s.opts.Insecure {
		return keysource.Key{}, err
	}
	text, err := io.ReadAll(io.LimitReader(f, keysource.MaxTextSize+1))
	defer clear(text)
	if err != nil {
		return keysource.Key{}, durable.WithoutPath(err)
	}
	if len(text) == 0 && info.Mode()&fs.ModeNamedPipe != 0 {
		return keysource.Key{}, durable.ErrEmptyPipe
	}
	return keysource.ParseKey(text)
}

// Save writes the key for its owner alone (mode 0600), whole or not at all. It
// replaces a key that can be loaded, and nothing else.
func (s *Source) Save(ctx context.Context, k keysource.Key) error {
	if k.IsZero() {
		return errZero
	}
	old, err := s.Load(ctx)
	switch {
	case errors.Is(err, keysource.ErrNoKey):
		return s.Create(ctx, k)
	case err != nil:
		return fmt.Errorf("it is not replaced, since what is there cannot be read: %w", err)
	case old.Equal(k):
		return nil
	}
	path, err := filepath.EvalSymlinks(s.path) // a link stays a link
	if err != nil {
		return durable.WithoutPath(err)
	}
	return durable.WriteSecret(path, []byte(k.Text()), func(f *durable.File) error {
		if info, err := os.Stat(path); err == nil {
			f.KeepOwner(info) // or a rekey by root would take the key from its user
		}
		return f.Replace()
	})
}

var errZero = fmt.Errorf("%w: there is no key to save", keysource.ErrBadKey)

// Create is Save where there is no file; else it fails with [fs.ErrExist].
func (s *Source) Create(_ context.Context, k keysource.Key) error {
	if k.IsZero() {
		return errZero
	}
	return durable.WriteSecret(s.path, []byte(k.Text()), (*durable.File).Create)
}

// Delete removes the file for good.
func (s *Source) Delete(context.Context) error {
	err := durable.Remove(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no such file", keysource.ErrNoKey)
	}
	return err
}
