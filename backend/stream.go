package backend

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/flask-vault/flask-vault/backend/gcmstream"
)

// streamFrom is the size in bytes from which content is taken piece by piece.
// What is smaller goes through the standard library's AES-GCM as a whole.
const streamFrom = 1 << 20

// streams reports whether content of this size is taken piece by piece, which it
// never is in a FIPS 140 mode. The size is -1 if it is not known.
func (c *Cipher) streams(size int64) bool {
	return size > streamFrom && gcmstream.Available()
}

// progress tells how far a long work is.
type progress struct {
	tell        func(done, total int64)
	done, total int64
}

func (p *progress) add(n int) {
	if p.tell != nil {
		p.done += int64(n)
		p.tell(p.done, p.total)
	}
}

// sealStream seals what r has into w. What goes to w is decoded and decrypted
// again and compared with what was read, piece by piece.
func (c *Cipher) sealStream(ctx context.Context, w io.Writer, r io.Reader, p *progress) error {
	if c.ReadOnly() {
		return ErrReadOnlyKey
	}
	g, err := gcmstream.New(c.block)
	if err != nil {
		return err
	}
	defer g.Clear()
	var nonce [nonceSize]byte
	rand.Read(nonce[:])
	sealer, again := g.Sealer(nonce), g.Unchecked(nonce)
	defer sealer.Clear()
	defer again.Clear()

	plain := make([]byte, pieceSize)
	defer clear(plain)
	back := make([]byte, pieceSize+tagSize)
	defer clear(back)
	sealed := make([]byte, pieceSize+tagSize)
	text := make([]byte, encoding.EncodedLen(len(sealed)))
	encode := func(sealed []byte) []byte {
		text := text[:encoding.EncodedLen(len(sealed))]
		encoding.Encode(text, sealed)
		return text
	}
	if _, err := w.Write(encode(nonce[:])); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(r, plain)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		if err := sealer.Seal(sealed, plain[:n]); err != nil {
			return tooLarge(err)
		}
		out := sealed[:n]
		if last {
			tag := sealer.Tag()
			out = append(out, tag[:]...)
		}
		text := encode(out)
		if !noverify {
		m, err := encoding.Decode(back, text)
		if err != nil || m != len(out) {
			return errUnsound
		}
		tag := back[n:m]
		if err := again.Open(back[:n], back[:n]); err != nil || !bytes.Equal(back[:n], plain[:n]) {
			return errUnsound
		}
		if last && again.Verify(tag) != nil {
			return errUnsound
		}
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		p.add(n)
		if last {
			return nil
		}
	}
}

var errUnsound = errors.New("what was encrypted does not decrypt again: nothing is saved; this machine's memory or processor may be faulty")

func tooLarge(err error) error {
	if errors.Is(err, gcmstream.ErrTooLong) {
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return err
}

// openUnchecked decrypts what r has into w and checks the tag after. What
// is in w is to be destroyed if there is an error.
func (c *Cipher) openUnchecked(ctx context.Context, w io.Writer, r io.Reader, p *progress) error {
	g, err := gcmstream.New(c.block)
	if err != nil {
		return err
	}
	defer g.Clear()
	var buf [pieceSize + tagSize]byte
	defer clear(buf[:])
	m, err := newMessageReader(r, &buf)
	if err != nil {
		return err
	}
	u := g.Unchecked(m.nonce)
	defer u.Clear()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece, err := m.next()
		if errors.Is(err, io.EOF) {
			if u.Verify(m.tag[:]) != nil {
				return ErrAuth
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := u.Open(piece, piece); err != nil {
			return tooLarge(err)
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
		p.add(len(piece))
	}
}

// checkStream reads all of r and checks the tag.
func (c *Cipher) checkStream(ctx context.Context, r io.Reader, p *progress) (*gcmstream.Opener, error) {
	g, err := gcmstream.New(c.block)
	if err != nil {
		return nil, err
	}
	var buf [pieceSize + tagSize]byte
	m, err := newMessageReader(r, &buf)
	if err != nil {
		return nil, err
	}
	check := g.Checker(m.nonce)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		piece, err := m.next()
		if errors.Is(err, io.EOF) {
			o, err := check.Verify(m.tag[:])
			if err != nil {
				return nil, ErrAuth
			}
			return o, nil
		}
		if err != nil {
			return nil, err
		}
		if err := check.Add(piece); err != nil {
			return nil, tooLarge(err)
		}
		p.add(len(piece))
	}
}
