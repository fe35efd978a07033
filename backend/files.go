package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// The most bytes of a file that [Cipher.EncryptFile] and [Cipher.DecryptFile] take.
// All of it is in memory, some of it twice, since nothing is given out before the
// tag at the end is checked.
const (
	MaxFileSize      = 64 << 20            // of the plaintext: 64 MiB
	MaxEncryptedSize = MaxFileSize / 2 * 3 // of the encrypted text, with room for line ends
)

// FileOptions change how [Cipher.EncryptFile] and [Cipher.DecryptFile] treat a
// destination that exists.
type FileOptions struct {
	// Force replaces it whatever it is, unless it is a symbolic link.
	Force bool
}

// DestinationError says why a destination is not written to.
type DestinationError struct {
	Path   string
	Reason string
	Forced bool // whether FileOptions.Force would help
}

func (e *DestinationError) Error() string { return e.Path + ": " + e.Reason }

// EncryptFile seals the file src into dst. A dst that exists is replaced, with
// its mode kept, if it opens with this key, since it then is an earlier version;
// it is left alone if its content is that of src already. Anything else in the
// place of dst is a *[DestinationError].
func (c *Cipher) EncryptFile(ctx context.Context, src, dst string, o FileOptions) error {
	plaintext, err := readFile(src, MaxFileSize)
	if err != nil {
		return err
	}
	defer clear(plaintext)
	if err := differ(src, dst); err != nil {
		return err
	}
	return c.WriteEncrypted(ctx, dst, plaintext, o)
}

// WriteEncrypted is [Cipher.EncryptFile] for content that is in memory.
func (c *Cipher) WriteEncrypted(ctx context.Context, dst string, plaintext []byte, o FileOptions) error {
	if c.ReadOnly() {
		return ErrReadOnlyKey
	}
	old, err := destination(dst)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if old != nil {
		mode = old.Mode().Perm()
		before, err := c.OpenFile(dst)
		if err == nil && bytes.Equal(before, plaintext) {
			return nil
		}
		if err != nil && !o.Force {
			return &DestinationError{Path: dst, Reason: "it is there and is no earlier version that this key opens", Forced: true}
		}
	}
	token, err := c.sealVerified(plaintext)
	if err != nil {
		return fmt.Errorf("%s: %w", dst, err)
	}
	return writeFile(ctx, dst, token, mode, old == nil)
}

// DecryptFile opens the file src and writes the plaintext to dst, readable for
// its owner alone. A dst that exists is replaced only with Force, or left alone
// if it has that content already; else it is a *[DestinationError].
func (c *Cipher) DecryptFile(ctx context.Context, src, dst string, o FileOptions) error {
	plaintext, err := c.OpenFile(src)
	if err != nil {
		return err
	}
	defer clear(plaintext)
	if err := differ(src, dst); err != nil {
		return err
	}
	return WriteDecrypted(ctx, dst, plaintext, o)
}

// WriteDecrypted is [Cipher.DecryptFile] for content that is in memory.
func WriteDecrypted(ctx context.Context, dst string, plaintext []byte, o FileOptions) error {
	old, err := destination(dst)
	if err != nil {
		return err
	}
	if old != nil {
		before, err := readFile(dst, MaxFileSize)
		if err == nil && bytes.Equal(before, plaintext) {
			return nil
		}
		if !o.Force {
			return &DestinationError{Path: dst, Reason: "it is there and has another content", Forced: true}
		}
	}
	return writeFile(ctx, dst, plaintext, 0o600, old == nil)
}

// OpenFile returns the plaintext of the encrypted file at path.
func (c *Cipher) OpenFile(path string) ([]byte, error) {
	text, err := readFile(path, MaxEncryptedSize)
	if err != nil {
		return nil, err
	}
	return c.openNamed(path, text)
}

// readFile reads what a person named, which may be a pipe.
func readFile(path string, limit int64) ([]byte, error) {
	text, err := durable.ReadInput(path, limit)
	var input *durable.InputError
	if errors.As(err, &input) && input.Limit > 0 {
		err = fmt.Errorf("%w: at most %d bytes are possible", ErrTooLarge, input.Limit)
	}
	if err != nil {
		return nil, pathReason(path, err)
	}
	return text, nil
}

// destination looks at what dst is now; nil if it is nothing.
func destination(dst string) (fs.FileInfo, error) {
	info, err := os.Lstat(dst)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, pathReason(dst, err)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return nil, &DestinationError{Path: dst, Reason: "it is a symbolic link, which is never written through"}
	}
	if !info.Mode().IsRegular() {
		return nil, &DestinationError{Path: dst, Reason: "it is not a regular file"}
	}
	return info, nil
}

// differ refuses a destination that is the source, by whatever name.
func differ(src, dst string) error {
	from, err := os.Stat(src)
	if err != nil {
		return pathReason(src, err)
	}
	if to, err := os.Stat(dst); err == nil && os.SameFile(from, to) {
		return &DestinationError{Path: dst, Reason: "it is the very file that is read"}
	}
	return nil
}

func writeFile(ctx context.Context, dst string, content []byte, mode fs.FileMode, create bool) error {
	f, err := durable.New(dst, mode)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(content); err != nil {
		return fmt.Errorf("nothing is written: %w", pathReason(dst, err))
	}
	if !create { // keep the mode of what was there, umask or not
		if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return pathReason(dst, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: nothing is written: %w", dst, err)
	}
	if create {
		return f.Create()
	}
	return f.Replace()
}

// pathReason is "path: reason", whatever call the error comes from.
func pathReason(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}
