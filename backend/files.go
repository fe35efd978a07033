package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// MaxDocument is the most bytes of an encrypted text that is worked on in memory
// as a whole, where no store says less: what is merged, and lists of keys.
const MaxDocument = 96 << 20

// maxEnvelope is the most bytes of an encrypted file: the longest message and
// room for line ends.
const maxEnvelope = maxPlaintext / 3 * 4 / 64 * 66

// FileOptions change how files are encrypted and decrypted.
type FileOptions struct {
	// Force replaces a destination that exists whatever it is, unless it is a
	// symbolic link.
	Force bool

	// Progress, if not nil, is called again and again while large content is
	// worked on: so many bytes are done, of about so many, or of -1 if that is not
	// known.
	Progress func(done, total int64)
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
// place of dst is a *[DestinationError]. A file of any size takes little memory.
func (c *Cipher) EncryptFile(ctx context.Context, src, dst string, o FileOptions) error {
	in, err := openInput(src)
	if err != nil {
		return err
	}
	defer in.close()
	if err := differ(src, dst); err != nil {
		return err
	}
	return c.encrypt(ctx, in, dst, o)
}

// EncryptFrom is [Cipher.EncryptFile] for what r has, of which errors speak by
// this name.
func (c *Cipher) EncryptFrom(ctx context.Context, name string, r io.Reader, dst string, o FileOptions) error {
	in, err := newInput(name, r)
	if err != nil {
		return err
	}
	return c.encrypt(ctx, in, dst, o)
}

// WriteEncrypted is [Cipher.EncryptFile] for content that is in memory.
func (c *Cipher) WriteEncrypted(ctx context.Context, dst string, plaintext []byte, o FileOptions) error {
	return c.EncryptFrom(ctx, dst, bytes.NewReader(plaintext), dst, o)
}

// SealTo seals what r has, of which errors speak by this name, into w. Errors
// of w are returned as they are. If it fails, w may have the begin of a text,
// which does not open.
func (c *Cipher) SealTo(ctx context.Context, w io.Writer, name string, r io.Reader, o FileOptions) error {
	in, err := newInput(name, r)
	if err != nil {
		return err
	}
	plaintext, err := c.plaintext(in)
	if err != nil {
		return err
	}
	defer clear(plaintext)
	if plaintext == nil {
		return c.keys.Load().sealStream(ctx, w, in, &progress{tell: o.Progress, total: in.size})
	}
	token, err := c.Seal(plaintext, nil)
	if err != nil {
		return c.keys.Load().named(name, err)
	}
	_, err = w.Write(token)
	return err
}

// plaintext is in.whole for what is to be sealed: it refuses what is too large
// before all of it was read.
func (c *Cipher) plaintext(in *input) ([]byte, error) {
	if c.ReadOnly() {
		return nil, ErrReadOnlyKey
	}
	if in.size > maxPlaintext {
		return nil, fmt.Errorf("%s: %w: AES-GCM takes at most %d bytes", in.name, ErrTooLarge, int64(maxPlaintext))
	}
	return in.whole()
}

func (c *Cipher) encrypt(ctx context.Context, in *input, dst string, o FileOptions) error {
	plaintext, err := c.plaintext(in)
	if err != nil {
		return err
	}
	defer clear(plaintext)
	old, err := destination(dst)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	var before *Content
	if old != nil {
		mode = old.Mode().Perm()
		if before, err = c.OpenContent(ctx, dst, FileOptions{}); err == nil {
			defer before.Close()
			if same, err := c.unchanged(ctx, before, plaintext, in); same || err != nil {
				return err
			}
		} else if ctx.Err() == nil && !o.Force {
			return &DestinationError{Path: dst, Reason: "it is there and is no earlier version that this key opens", Forced: true}
		}
	}
	f, err := durable.New(dst, mode)
	if err != nil {
		return err
	}
	return writeFile(ctx, f, old == nil, func() (bool, error) {
		if old != nil { // keep its mode, umask or not
			if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
				return false, pathReason(dst, err)
			}
		}
		w := destinationWriter{f}
		if plaintext != nil {
			token, err := c.sealVerified(plaintext)
			if err != nil {
				return false, c.keys.Load().named(dst, err)
			}
			_, err = w.Write(token)
			return err == nil, err
		}
		if err := c.keys.Load().sealStream(ctx, w, in, &progress{tell: o.Progress, total: in.size}); err != nil {
			return false, c.keys.Load().named(in.name, err)
		}
		if before == nil || in.seeker != nil {
			return true, nil
		}
		same, err := c.equalContents(ctx, before, f)
		return !same, err
	})
}

// unchanged reports whether the content of in is that of the file that is to be
// replaced. If in can be read but once it says no.
func (c *Cipher) unchanged(ctx context.Context, before *Content, plaintext []byte, in *input) (bool, error) {
	if plaintext != nil {
		return before.equals(ctx, bytes.NewReader(plaintext))
	}
	if in.seeker == nil {
		return false, nil
	}
	same, err := before.equals(ctx, in)
	if err != nil || same {
		return same, err
	}
	return false, in.rewind()
}

// equalContents reports whether f was made of the plaintext that before has.
func (c *Cipher) equalContents(ctx context.Context, before *Content, f *durable.File) (bool, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, pathReason(f.Dest(), err)
	}
	after, err := c.OpenContentFrom(ctx, f.Dest(), f.File, FileOptions{})
	if err != nil {
		return false, err
	}
	defer after.Close()
	r, done := after.stream(ctx)
	defer done()
	return before.equals(ctx, r)
}

// DecryptFile opens the file src and writes the plaintext to dst, readable for
// its owner alone. A dst that exists is replaced only with Force, or left alone
// if it has that content already; else it is a *[DestinationError]. A file of any
// size takes little memory: it is decrypted into a file of [durable.NewSecret], which
// becomes dst after the tag was checked.
func (c *Cipher) DecryptFile(ctx context.Context, src, dst string, o FileOptions) error {
	in, err := openInput(src)
	if err != nil {
		return err
	}
	defer in.close()
	return c.decrypt(ctx, in, dst, o, func() error { return differ(src, dst) })
}

// DecryptFrom is [Cipher.DecryptFile] for what r has, of which errors speak by
// this name.
func (c *Cipher) DecryptFrom(ctx context.Context, name string, r io.Reader, dst string, o FileOptions) error {
	in, err := newInput(name, r)
	if err != nil {
		return err
	}
	defer func() { in.close() }()
	return c.decrypt(ctx, in, dst, o, func() error { return nil })
}

func (c *Cipher) decrypt(ctx context.Context, in *input, dst string, o FileOptions, differ func() error) error {
	text, err := in.whole()
	if err != nil {
		return err
	}
	if text != nil {
		plaintext, err := c.openNamed(in.name, text)
		if err != nil {
			return err
		}
		defer clear(plaintext)
		if err := differ(); err != nil {
			return err
		}
		return WriteDecrypted(ctx, dst, plaintext, o)
	}
	if err := differ(); err != nil {
		return err
	}
	old, err := destination(dst)
	if err != nil {
		return err
	}
	if in.seeker == nil && len(c.keys.Load().previous) > 0 { // each key takes a reading
		if err := in.spool(); err != nil {
			return err
		}
	}
	f, err := durable.NewSecret(dst)
	if err != nil {
		return err
	}
	return writeFile(ctx, f, old == nil, func() (bool, error) {
		if err := c.decryptInto(ctx, f, in, o); err != nil {
			return false, err
		}
		if old == nil {
			return true, nil
		}
		same, err := equalFile(f, dst)
		if err == nil && !same && !o.Force {
			err = errOtherContent(dst)
		}
		return !same, err
	})
}

// decryptInto decrypts with the first of the keys that opens.
func (c *Cipher) decryptInto(ctx context.Context, f *durable.File, in *input, o FileOptions) error {
	var err error
	k := c.keys.Load()
	for i, k := range k.all() {
		if i > 0 {
			if err := in.rewind(); err != nil {
				return err
			}
			if err := restart(f); err != nil {
				return pathReason(f.Dest(), err)
			}
		}
		total := in.size
		if total > 0 {
			total = total / 4 * 3
		}
		err = k.openUnchecked(ctx, destinationWriter{f}, in, &progress{tell: o.Progress, total: total})
		if !errors.Is(err, ErrAuth) {
			break
		}
	}
	return c.keys.Load().named(in.name, err)
}

// restart makes a file empty, so that nothing is left behind a shorter content.
func restart(f *durable.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return f.Truncate(0)
}

// equalFile reports whether the file at path has what was written to f. One that
// cannot be read has not.
func equalFile(f *durable.File, path string) (bool, error) {
	old, err := os.Open(path)
	if err != nil {
		return false, nil //nolint:nilerr // whatever it has, nobody can say that it is the same
	}
	defer old.Close()
	return equalFiles(f.File, old)
}

// WriteDecrypted is [Cipher.DecryptFile] for content that is in memory.
func WriteDecrypted(ctx context.Context, dst string, plaintext []byte, o FileOptions) error {
	old, err := destination(dst)
	if err != nil {
		return err
	}
	if old != nil {
		before, err := readFile(dst, int64(len(plaintext)))
		if err == nil && bytes.Equal(before, plaintext) {
			return nil
		}
		if !o.Force {
			return errOtherContent(dst)
		}
	}
	f, err := durable.NewSecret(dst)
	if err != nil {
		return err
	}
	return writeFile(ctx, f, old == nil, func() (bool, error) {
		_, err := destinationWriter{f}.Write(plaintext)
		return err == nil, err
	})
}

func errOtherContent(dst string) error {
	return &DestinationError{Path: dst, Reason: "it is there and has another content", Forced: true}
}

// OpenFile returns the plaintext of the encrypted file at path, all of it in memory.
func (c *Cipher) OpenFile(path string) ([]byte, error) {
	text, err := readFile(path, maxEnvelope)
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

// writeFile gives f its name after fill has written the content, unless that says no.
func writeFile(ctx context.Context, f *durable.File, create bool, fill func() (bool, error)) error {
	defer f.Discard()
	if wanted, err := fill(); err != nil || !wanted {
		if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
			return fmt.Errorf("%s: nothing is written: %w", f.Dest(), ended)
		}
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: nothing is written: %w", f.Dest(), err)
	}
	if create {
		return f.Create()
	}
	return f.Replace()
}

// destinationWriter writes to a file on its way and names its destination in errors.
type destinationWriter struct{ f *durable.File }

func (w destinationWriter) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	if err != nil {
		err = fmt.Errorf("nothing is written: %w", pathReason(w.f.Dest(), err))
	}
	return n, err
}

// pathReason is "path: reason", whatever call the error comes from.
func pathReason(path string, err error) error {
	return fmt.Errorf("%s: %w", path, durable.WithoutPath(err))
}
