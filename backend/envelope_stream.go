package backend

import (
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"
)

// pieceSize is how much of a large file is worked on at a time, in bytes: whole
// blocks of AES, and whole groups of base64.
const pieceSize = 96 << 10

// envelopeReader decodes the text of an envelope piece by piece. It accepts the
// very texts that appendDecoded accepts.
type envelopeReader struct {
	r   io.Reader
	eof bool

	text []byte // characters of the envelope, not decoded yet
	raw  []byte // what was read, but not looked at yet; only if loose

	loose  bool   // there are characters to skip: line ends, or white space around
	begun  bool   // a character of the envelope was seen
	padded bool   // the padding was seen, which none may follow
	gap    []byte // white space that was seen, which none may follow either

	head  []byte // the first characters, for an error
	chars int64  // how many there were so far
}

// newEnvelopeReader takes pieces of up to size bytes from r.
func newEnvelopeReader(r io.Reader, size int) *envelopeReader {
	return &envelopeReader{r: r, text: make([]byte, 0, encoding.EncodedLen(size))}
}

// next decodes into dst, whose length is a multiple of 3. It
// fills dst except at the end of the envelope, where it gives what is left and
// then io.EOF.
func (e *envelopeReader) next(dst []byte) (int, error) {
	want := len(dst) / 3 * 4
	e.text = e.text[:0]
	if e.padded {
		return 0, e.rest()
	}
	if !e.loose {
		n, err := io.ReadFull(e.r, e.text[:want])
		if err == nil {
			// Most pieces of most envelopes: characters of the alphabet alone.
			if n, err := encoding.Decode(dst, e.text[:want]); err == nil && n == len(dst) {
				e.took(e.text[:want])
				return n, nil
			}
		} else if e.eof = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); !e.eof {
			return 0, err
		}
		e.loose = true
		e.raw, e.text = e.text[:n], make([]byte, 0, cap(e.text))
	}
	if err := e.fill(want); err != nil {
		return 0, err
	}
	n, err := encoding.Decode(dst, e.text)
	if err != nil {
		return 0, e.malformed()
	}
	e.took(e.text)
	switch {
	case n == len(dst):
		return n, nil
	case n > 0:
		e.padded = true // or at the end of the input, which is the same
		return n, nil
	case e.chars == 0:
		return 0, &EnvelopeError{Reason: "it is empty"}
	}
	return 0, io.EOF
}

// took keeps count of characters that were decoded.
func (e *envelopeReader) took(text []byte) {
	e.begun = true
	e.chars += int64(len(text))
	if e.head == nil {
		e.head = bytes.Clone(text[:min(len(text), 64)])
	}
}

// fill collects characters until there are as many as wanted or no more.
func (e *envelopeReader) fill(want int) error {
	for {
		if err := e.sift(want); err != nil || len(e.text) == want || e.eof {
			return err
		}
		n, err := io.ReadFull(e.r, e.raw[:cap(e.raw)])
		e.raw = e.raw[:n]
		if e.eof = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); err != nil && !e.eof {
			return err
		}
	}
}

// sift moves characters of the envelope from raw to text and drops white space
// where it is ignored.
func (e *envelopeReader) sift(want int) error {
	for i, c := range e.raw {
		switch {
		case len(e.text) == want:
			e.keep(i)
			return nil
		case c == '\n' || c == '\r':
		case c == ' ' || c == '\t' || c == '\v' || c == '\f':
			if e.begun && len(e.gap) < pieceSize {
				e.gap = append(e.gap, c)
			}
		case len(e.gap) > 0 || e.padded || !inAlphabet(c) && c != '=':
			e.keep(i)
			return e.malformed()
		default:
			e.begun = true
			e.text = append(e.text, c)
		}
	}
	e.keep(len(e.raw))
	return nil
}

// keep drops the first n bytes of raw. Its capacity stays.
func (e *envelopeReader) keep(n int) { e.raw = e.raw[:copy(e.raw, e.raw[n:])] }

// rest reads what stands behind the padding, which must be white space.
func (e *envelopeReader) rest() error {
	e.text = e.text[:0]
	if err := e.fill(1); err != nil {
		return err
	}
	return io.EOF
}

func inAlphabet(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// maxDiagnosis is how much of a text is read to say what is wrong with it, in bytes.
const maxDiagnosis = 16 << 20

// malformed says what the matter is with a text in which something was found that
// cannot be. It looks at the text's begin, at what follows the place, and
// at its end, if that is not far away.
func (e *envelopeReader) malformed() error {
	const window = 64 << 10
	around := append(append(bytes.Clone(e.text), e.gap...), e.raw...)
	length := e.chars + int64(len(around)-lineEnds(around))
	var end []byte
	cut := false // whether there is more between around and end
	var buf []byte
	if !e.eof {
		buf = make([]byte, window)
	}
	for read := 0; !e.eof && read < maxDiagnosis; read += window {
		n, err := io.ReadFull(e.r, buf)
		length += int64(n - lineEnds(buf[:n]))
		more := buf[:n]
		if room := max(0, 2*window-len(around)); room > 0 {
			around = append(around, more[:min(n, room)]...)
			more = more[min(n, room):]
		}
		end = append(end, more...)
		if over := len(end) - window; over > 0 {
			cut = true
			end = append(end[:0], end[over:]...)
		}
		if e.eof = err != nil; e.eof && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
	}
	if cut {
		around, end = wholeRunes(around, end)
	}
	sample := append(append(bytes.Clone(e.head), around...), end...)
	after := sample[len(bytes.TrimRight(sample, asciiSpace)):]
	length -= int64(len(after) - lineEnds(after))
	if !e.eof {
		length = 0 // unknown, and then nobody can say that it is cut short
	}
	return &EnvelopeError{Reason: diagnose(bytes.Trim(sample, asciiSpace), length)}
}

func lineEnds(b []byte) int { return bytes.Count(b, []byte{'\n'}) + bytes.Count(b, []byte{'\r'}) }

// wholeRunes drops the parts of characters at the end of a and at the begin of b
// that a cut between them left.
func wholeRunes(a, b []byte) ([]byte, []byte) {
	for i := 1; i < utf8.UTFMax && i <= len(a); i++ {
		if last := a[len(a)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				a = a[:len(a)-i]
			}
			break
		}
	}
	for i := 0; i < utf8.UTFMax-1 && len(b) > 0 && !utf8.RuneStart(b[0]); i++ {
		b = b[1:]
	}
	return a, b
}

// messageReader reads the ciphertext of an envelope piece by piece.
type messageReader struct {
	envelope *envelopeReader
	buf      []byte
	held     int // the last bytes of buf that were not given out: they may be the tag

	nonce [nonceSize]byte
	tag   [tagSize]byte // known at the end
}

// newMessageReader reads the nonce.
func newMessageReader(r io.Reader) (*messageReader, error) {
	m := &messageReader{envelope: newEnvelopeReader(r, pieceSize), buf: make([]byte, 0, pieceSize+2*tagSize)}
	n, err := m.envelope.next(m.nonce[:])
	if err == nil && n < nonceSize {
		if err = m.envelope.rest(); errors.Is(err, io.EOF) {
			err = errCut
		}
	}
	return m, err
}

// next returns the next piece of ciphertext, which is whole blocks unless it is
// the last one, and in the end io.EOF. The piece is the caller's to change until
// the next call, but not what its capacity has beyond.
func (m *messageReader) next() ([]byte, error) {
	all := m.buf[:cap(m.buf)]
	held := copy(all, m.buf[len(m.buf)-m.held:])
	n, err := m.envelope.next(all[held : held+pieceSize])
	if errors.Is(err, io.EOF) {
		if held < tagSize {
			return nil, errCut
		}
		copy(m.tag[:], all)
		m.held, m.buf = 0, m.buf[:0]
		return nil, io.EOF
	}
	if err != nil {
		return nil, err
	}
	m.buf = all[:held+n]
	m.held = min(held+n, tagSize)
	return m.buf[:held+n-m.held], nil
}

// each calls f with each piece that is left.
func (m *messageReader) each(ctx context.Context, f func(piece []byte) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece, err := m.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = f(piece)
		}
		if err != nil {
			return err
		}
	}
}

// clear wipes what was decrypted in place.
func (m *messageReader) clear() { clear(m.buf[:cap(m.buf)]) }

var errCut = &EnvelopeError{Reason: "it is cut short"}
