// Package file keeps a vault's sealed document in a local file, such as
// credentials.yml.enc in a git repository.
package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
)

// MaxSize is the most bytes that a sealed document may have: 64 MiB.
const MaxSize = 64 << 20

// LockTimeout is how long Save waits for another process that is saving.
const LockTimeout = 10 * time.Second

// Store is a file. It implements [backend.Store].
type Store struct {
	path string
	name string
}

// NewStore makes a store of the file at path, which messages call by name, or
// by its path if name is empty. Nothing is opened yet.
func NewStore(path, name string) *Store {
	if name == "" {
		name = path
	}
	return &Store{path: path, name: name}
}

// Name is how messages call the file.
func (s *Store) Name() string { return s.name }

// Path is the file's path.
func (s *Store) Path() string { return s.path }

// Load reads the file. Its version is the SHA-256 of its content.
func (s *Store) Load(_ context.Context, have backend.Version) (backend.Snapshot, error) {
	blob, err := s.read()
	if err != nil {
		return backend.Snapshot{}, err
	}
	v := version(blob)
	if v == have {
		return backend.Snapshot{}, backend.ErrNotModified
	}
	return backend.Snapshot{Blob: blob, Version: v}, nil
}

// Save replaces the file in one step, under a lock that keeps other processes
// of this program from doing so at the same time. Where path is a symbolic
// link, the file that it leads to is replaced and the link stays. The mode of
// an existing file is kept, and its owner as far as this user may.
func (s *Store) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	if len(blob) > MaxSize {
		return "", fmt.Errorf("%w: the encrypted document has %d bytes, at most %d are possible", backend.ErrTooLarge, len(blob), MaxSize)
	}
	unlock, err := s.Lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	path := s.target()
	current, err := s.read()
	switch {
	case errors.Is(err, backend.ErrNoVault):
		if prev != "" {
			return "", fmt.Errorf("%w: the file is gone", backend.ErrConflict)
		}
	case err != nil:
		return "", err
	case version(current) != prev:
		return "", backend.ErrConflict
	}
	err = replace(path, blob, prev == "")
	if prev == "" && errors.Is(err, fs.ErrExist) {
		return "", s.taken()
	}
	if err != nil {
		return "", err
	}
	return version(blob), nil
}

// taken says what has the name of a file that was not there a moment ago.
func (s *Store) taken() error {
	if _, err := s.read(); errors.Is(err, backend.ErrNoVault) {
		return &durable.InputError{Reason: "it is a symbolic link that leads nowhere; make the file that it leads to, or remove it"}
	}
	return fmt.Errorf("%w: the file is there now", backend.ErrConflict)
}

// Lock keeps every other process from saving until unlock is called. It waits
// for at most [LockTimeout] and then fails with a *[backend.LockedError]. The
// holder itself must not call Save.
func (s *Store) Lock(ctx context.Context) (unlock func(), err error) {
	return lock(ctx, s.target()+".lock", LockTimeout)
}

// target is the file that path leads to, if it is a symbolic link.
func (s *Store) target() string {
	if target, err := filepath.EvalSymlinks(s.path); err == nil {
		return target
	}
	return s.path
}

func replace(path string, blob []byte, create bool) error {
	f, err := durable.New(path, 0o644)
	if err != nil {
		return err
	}
	defer f.Discard()
	if info, err := os.Stat(path); err == nil {
		f.KeepOwner(info)
		if err := f.Chmod(info.Mode().Perm()); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return durable.WithoutPath(err)
		}
	}
	if _, err := f.Write(blob); err != nil {
		return durable.WithoutPath(err)
	}
	if create {
		return f.Create()
	}
	return f.Replace()
}

func (s *Store) read() ([]byte, error) {
	blob, err := durable.ReadFile(s.path, MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, backend.ErrNoVault
	}
	var input *durable.InputError
	if errors.As(err, &input) && input.Limit > 0 {
		return nil, fmt.Errorf("%w: at most %d bytes are possible", backend.ErrTooLarge, input.Limit)
	}
	if err != nil {
		return nil, durable.WithoutPath(err)
	}
	return blob, nil
}

func version(blob []byte) backend.Version {
	sum := sha256.Sum256(blob)
	return backend.Version(hex.EncodeToString(sum[:]))
}
