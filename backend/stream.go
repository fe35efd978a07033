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

const (
	// streamFrom is the size in bytes above which content is taken piece by piece.
	// Other content goes through the standard library's AES-GCM as a whole.
	streamFrom = 1 << 20

	// bulkSize is how much is read and written at a time to seal.
	bulkSize = 8 * pieceSize

	// openEvery is how many pieces are sealed for one that is opened again. To
	// open each would cost a fifth of the time of all.
	openEvery = 8
)

// progress tells how far a long work is.
type progress struct {
	tell        func(done, total int64)
	done, total int64
	passes      int64 // how often each byte is read; 0 is once
}

func (p *progress) add(n int) {
	p.done += int64(n)
	if p.tell != nil {
		p.tell(p.done/max(1, p.passes), p.total)
	}
}

// sealStream seals what r has into w. Before a text goes to w it is decoded again
// and compared with what was sealed, and the first piece, the last and every
// eighth are opened again and compared with the plaintext.
func (k *keys) sealStream(ctx context.Context, w io.Writer, r io.Reader, p *progress) error {
	if k.readOnly() {
		return ErrReadOnlyKey
	}
	if err := k.count(); err != nil {
		return err
	}
	g, err := gcmstream.New(k.block)
	if err != nil {
		return err
	}
	defer g.Clear()
	var nonce [nonceSize]byte
	rand.Read(nonce[:])
	s := pieceSealer{Sealer: g.Sealer(nonce)}
	defer s.Clear()
	defer clear(s.back[:])

	plain := make([]byte, bulkSize)
	defer clear(plain)
	text := make([]byte, 0, encoding.EncodedLen(nonceSize)+encoding.EncodedLen(bulkSize+tagSize))
	text = encoding.AppendEncode(text, nonce[:])
	for last := false; !last; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(r, plain)
		last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		rest := plain[:n]
		for len(rest) > pieceSize {
			if text, err = s.add(text, rest[:pieceSize], false); err != nil {
				return err
			}
			rest = rest[pieceSize:]
		}
		if text, err = s.add(text, rest, last); err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		text = text[:0]
		p.add(n)
	}
	return nil
}

// pieceSealer makes text of pieces of plaintext.
type pieceSealer struct {
	*gcmstream.Sealer
	sealed, back [pieceSize + 2*tagSize]byte
	count        int
}

// add appends the text of the next piece, and of the tag if it is the last one.
func (s *pieceSealer) add(text, piece []byte, last bool) ([]byte, error) {
	if err := s.Seal(s.sealed[:], piece); err != nil {
		return text, tooLarge(err)
	}
	sealed := s.sealed[:len(piece)]
	if last {
		tag := s.Tag()
		sealed = append(sealed, tag[:]...)
	}
	begin := len(text)
	text = encoding.AppendEncode(text, sealed)

	n, err := encoding.Decode(s.back[:], text[begin:])
	if err != nil || !bytes.Equal(s.back[:n], sealed) {
		return text, errUnsound
	}
	if s.count%openEvery == 0 || last {
		back := s.back[:len(piece)]
		if err := s.Again(back, back); err != nil || !bytes.Equal(back, piece) {
			return text, errUnsound
		}
	}
	s.count++
	return text, nil
}

var errUnsound = errors.New("what was encrypted does not decrypt again: nothing is saved; this machine's memory or processor may be faulty")

func tooLarge(err error) error {
	if errors.Is(err, gcmstream.ErrTooLong) {
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return err
}

// openUnchecked decrypts what r has into w and checks the tag after. Where it
// fails, what is in w must be destroyed.
func (k *keys) openUnchecked(ctx context.Context, w io.Writer, r io.Reader, p *progress) error {
	g, err := gcmstream.New(k.block)
	if err != nil {
		return err
	}
	defer g.Clear()
	m, err := newMessageReader(r)
	if err != nil {
		return err
	}
	defer m.clear()
	u := g.Unchecked(m.nonce)
	defer u.Clear()
	err = m.each(ctx, func(piece []byte) error {
		if err := u.Open(piece, piece); err != nil {
			return tooLarge(err)
		}
		_, err := w.Write(piece)
		p.add(len(piece))
		return err
	})
	if err != nil {
		return err
	}
	if u.Verify(m.tag[:]) != nil {
		return ErrAuth
	}
	return nil
}

// checkStream reads all of r and checks the tag. It decrypts nothing.
func (k *keys) checkStream(ctx context.Context, r io.Reader, p *progress) (_ *gcmstream.Opener, err error) {
	g, err := gcmstream.New(k.block)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil { // else the opener needs it
			g.Clear()
		}
	}()
	m, err := newMessageReader(r)
	if err != nil {
		return nil, err
	}
	defer m.clear()
	check := g.Checker(m.nonce)
	err = m.each(ctx, func(piece []byte) error {
		p.add(len(piece))
		return tooLarge(check.Add(piece))
	})
	if err != nil {
		return nil, err
	}
	o, err := check.Verify(m.tag[:])
	if err != nil {
		return nil, ErrAuth
	}
	return o, nil
}
