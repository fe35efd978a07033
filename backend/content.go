package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flask-vault/flask-vault/backend/gcmstream"
)

// Content is encrypted content whose tag was checked, ready to be read. What is
// large is not in memory, but decrypted as it is read, after a second check.
type Content struct {
	whole []byte // if it is small

	in       *input
	opener   *gcmstream.Opener
	progress *progress
}

// OpenContent checks the encrypted file at path. It fails as [Cipher.OpenFile]
// does, but a large file takes little memory. [Content.Close] is to be called.
func (c *Cipher) OpenContent(ctx context.Context, path string, o FileOptions) (*Content, error) {
	in, err := openInput(path)
	if err != nil {
		return nil, err
	}
	return c.openInput(ctx, in, o)
}

// OpenContentFrom is [Cipher.OpenContent] for what r has, of which errors speak by
// this name. If that is much, and r is no file, it is kept as it is, encrypted, in
// a temporary file until [Content.Close].
func (c *Cipher) OpenContentFrom(ctx context.Context, name string, r io.Reader, o FileOptions) (*Content, error) {
	in, err := newInput(name, r)
	if err != nil {
		return nil, err
	}
	return c.openInput(ctx, in, o)
}

func (c *Cipher) openInput(ctx context.Context, in *input, o FileOptions) (*Content, error) {
	x := &Content{in: in}
	text, err := in.whole()
	switch {
	case err != nil:
	case text != nil:
		x.whole, err = c.openNamed(in.name, text)
	default:
		err = x.check(ctx, c, o)
	}
	if err != nil {
		_ = x.Close()
		return nil, err
	}
	return x, nil
}

func (x *Content) check(ctx context.Context, c *Cipher, o FileOptions) error {
	if x.in.seeker == nil {
		if err := x.in.spool(); err != nil {
			return err
		}
	}
	var err error
	k := c.keys.Load()
	for _, k := range k.all() {
		x.progress = &progress{tell: o.Progress, total: x.in.size / 4 * 3, passes: 2}
		if err := x.in.rewind(); err != nil {
			return err
		}
		x.opener, err = k.checkStream(ctx, x.in, x.progress)
		if !errors.Is(err, ErrAuth) {
			break
		}
	}
	return k.named(x.in.name, err)
}

// Close forgets the content.
func (x *Content) Close() error {
	clear(x.whole)
	if x.opener != nil {
		x.opener.Clear()
	}
	x.in.close()
	return nil
}

// CopyTo writes the plaintext to w. It can be called again. An error of w is
// returned as it is. If the encrypted file was changed since it was checked, the
// error is [ErrConflict], and w has the plaintext up to the change.
func (x *Content) CopyTo(ctx context.Context, w io.Writer) error {
	if x.opener == nil {
		_, err := w.Write(x.whole)
		return err
	}
	return x.each(ctx, func(piece []byte) error {
		_, err := w.Write(piece)
		x.progress.add(len(piece))
		return err
	})
}

// stream returns the plaintext as what can be read, once. done is to be called. A
// panic is the caller's, in done: elsewhere it would end the program with nothing
// cleaned up.
func (x *Content) stream(ctx context.Context) (r io.Reader, done func()) {
	pr, pw := io.Pipe()
	ended := make(chan any, 1)
	go func() {
		defer func() {
			v := recover()
			if v != nil {
				_ = pw.CloseWithError(io.ErrUnexpectedEOF)
			}
			ended <- v
		}()
		_ = pw.CloseWithError(x.CopyTo(ctx, pw))
	}()
	return pr, func() {
		_ = pr.Close()
		if v := <-ended; v != nil {
			panic(v)
		}
	}
}

// each calls f with each piece of the plaintext of large content.
func (x *Content) each(ctx context.Context, f func(piece []byte) error) error {
	if err := x.in.rewind(); err != nil {
		return err
	}
	m, err := newMessageReader(x.in)
	if err != nil {
		return x.changed(err)
	}
	defer m.clear()
	r := x.opener.Reader()
	err = m.each(ctx, func(piece []byte) error {
		if err := r.Open(piece, piece); err != nil {
			return x.changed(err)
		}
		return f(piece)
	})
	if err == nil || errors.Is(err, ErrMalformed) {
		if missing := r.Close(); err == nil {
			err = missing
		}
	}
	return x.changed(err)
}

// changed makes of what a file that was changed looks like the error that says so.
func (x *Content) changed(err error) error {
	if errors.Is(err, gcmstream.ErrChanged) || errors.Is(err, gcmstream.ErrTooLong) || errors.Is(err, ErrMalformed) {
		return fmt.Errorf("%s: it changed while it was read, and the output is not complete: %w", x.in.name, ErrConflict)
	}
	return err
}

var errDiffers = errors.New("the contents differ")

// equals reports whether the plaintext is what r has.
func (x *Content) equals(ctx context.Context, r io.Reader) (bool, error) {
	buf := make([]byte, pieceSize+tagSize)
	defer clear(buf)
	same := func(piece []byte) error {
		n, err := io.ReadFull(r, buf[:len(piece)])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		if !bytes.Equal(buf[:n], piece) {
			return errDiffers
		}
		return nil
	}
	var err error
	if x.opener != nil {
		err = x.each(ctx, same)
	} else {
		for rest := x.whole; len(rest) > 0 && err == nil; {
			piece := rest[:min(len(rest), pieceSize)]
			rest, err = rest[len(piece):], same(piece)
		}
	}
	if errors.Is(err, errDiffers) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = io.ReadFull(r, buf[:1])
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}

// equalFiles reports whether the files have the same bytes, and reads both
// from their beginnings.
func equalFiles(a, b *os.File) (bool, error) {
	for _, f := range []*os.File{a, b} {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return false, pathReason(f.Name(), err)
		}
	}
	x, y := make([]byte, pieceSize), make([]byte, pieceSize)
	defer clear(x)
	defer clear(y)
	for {
		n, err := io.ReadFull(a, x)
		m, err2 := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		end := true
		for _, err := range []error{err, err2} {
			eof := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
			if err != nil && !eof {
				return false, err
			}
			end = end && eof
		}
		if end {
			return true, nil
		}
	}
}
