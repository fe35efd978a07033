package backend

import (
	"bytes"
	stdbase64 "encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// standard is the encoding as the standard library has it.
var standard = stdbase64.URLEncoding.Strict()

// sameBase64 compares our encoding with the standard library's, for bytes to
// encode and for text to decode.
func sameBase64(t testing.TB, b []byte) {
	t.Helper()
	text := make([]byte, standard.EncodedLen(len(b))+8)
	encoding.Encode(text, b)
	want := make([]byte, len(text))
	standard.Encode(want, b)
	if !bytes.Equal(text, want) {
		t.Fatalf("%q is encoded as %q", b, text)
	}
	got, wanted := make([]byte, standard.DecodedLen(len(b))), make([]byte, standard.DecodedLen(len(b)))
	n, err := encoding.Decode(got, b)
	m, wantedErr := standard.Decode(wanted, b)
	if (err == nil) != (wantedErr == nil) || err == nil && (n != m || !bytes.Equal(got[:n], wanted[:n])) {
		t.Fatalf("%q is decoded as %q, %v; the standard library has %q, %v", b, got[:n], err, wanted[:m], wantedErr)
	}
}

// hostile makes text that is nearly base64.
func hostile(r *rand.Rand) []byte {
	b := make([]byte, r.IntN(200))
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	text := standard.AppendEncode(nil, b)
	for range r.IntN(4) {
		at := r.IntN(len(text) + 1)
		odd := []byte("\r\n=+/-_ \t\x00\xff\x80Az09")
		switch c := odd[r.IntN(len(odd))]; {
		case at == len(text) || r.IntN(2) == 0:
			text = append(text[:at], append([]byte{c}, text[at:]...)...)
		case r.IntN(4) == 0:
			text = append(text[:at], text[at+1:]...)
		default:
			text[at] = c
		}
	}
	return text
}

func TestBase64AgreesWithTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		sameBase64(t, hostile(r))
	}
	for n := range 1000 {
		sameBase64(t, standard.AppendEncode(nil, bytes.Repeat([]byte{byte(n)}, n)))
	}
	// Each byte at each place of the widest vector.
	text := standard.AppendEncode(nil, make([]byte, 96))
	for at := range text {
		for c := range 256 {
			changed := bytes.Clone(text)
			changed[at] = byte(c)
			sameBase64(t, changed)
		}
	}
}

func FuzzBase64(f *testing.F) {
	f.Add([]byte("QUJD\r\nREVG"))
	f.Add([]byte("QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUI="))
	f.Fuzz(func(t *testing.T, b []byte) { sameBase64(t, b) })
}

// readEnvelope decodes with an envelopeReader, in pieces of that many groups.
func readEnvelope(r io.Reader, groups int) ([]byte, error) {
	e := newEnvelopeReader(r, 3*groups+nonceSize)
	var all []byte
	piece := make([]byte, 3*groups)
	for {
		n, err := e.next(piece)
		all = append(all, piece[:n]...)
		if errors.Is(err, io.EOF) {
			if len(all) < nonceSize+tagSize {
				return nil, errCut
			}
			return all, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// sameEnvelope compares the reader of envelopes in pieces with that of whole ones,
// down to what an error says.
func sameEnvelope(t testing.TB, text []byte, groups int) {
	t.Helper()
	want, wantErr := appendDecoded(nil, text)
	for _, r := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text)), iotest.DataErrReader(bytes.NewReader(text))} {
		got, err := readEnvelope(r, groups)
		if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Fatalf("%q in pieces of %d: %q, %v; as a whole: %q, %v", text, groups, got, err, want, wantErr)
		}
	}
}

func TestEnvelopeInPiecesIsThatOfAWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 4_000 {
		sameEnvelope(t, hostile(r), 1+r.IntN(20))
	}
	good := standard.AppendEncode(nil, bytes.Repeat([]byte("0123456789"), 10))
	padded := standard.AppendEncode(nil, bytes.Repeat([]byte("0123456789"), 11))
	for _, text := range []string{
		"", " ", "\r\n", "v2.AAAA", "v2", "AAAA", "AAAAA", "AAA=", "AAA=\n", "A===", "=", "====",
		"<<<<<<< a\nQQ==\n=======\nQQ==\n>>>>>>> b\n", "db.password: hunter2", "\x89PNG\r\n\x1a\n\x00", "\ufeff" + string(good),
		string(good) + "\n", string(good) + " \t\v\f\r\n", " \n\t" + string(good), string(good[:40]) + "\r\n" + string(good[40:]),
		string(good[:40]) + " " + string(good[40:]), string(good[:40]) + "\n \n" + string(good[40:]), string(good[:41]), string(good[:42]), string(good[:43]) + "\n",
		string(padded), string(padded) + "\n", string(padded) + "A", string(padded) + "\nAAAA", string(padded) + "=", string(padded) + " =",
		string(padded[:len(padded)-1]), string(padded[:len(padded)-1]) + "\n=", string(padded[:len(padded)-1]) + " =", string(padded) + string(padded),
		string(good) + "====", string(good) + "=", "'" + string(good) + "'", "a{" + string(good),
	} {
		for _, groups := range []int{1, 2, 3, 4, 7, 8, 16, 100} {
			sameEnvelope(t, []byte(text), groups)
		}
	}
}

func FuzzEnvelopeInPieces(f *testing.F) {
	f.Add([]byte("QUJD\r\nREVG"), uint8(1))
	f.Add([]byte(" QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUI= \n"), uint8(4))
	f.Add([]byte("<<<<<<< HEAD\nAAAA\n=======\nBBBB\n>>>>>>> x"), uint8(2))
	f.Fuzz(func(t *testing.T, text []byte, groups uint8) {
		if groups > 0 {
			sameEnvelope(t, text, int(groups))
		}
	})
}

// endless is a text that goes on for ever.
type endless byte

func (c endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

// TestDiagnosisEnds: whatever follows, an error is told after a while.
func TestDiagnosisEnds(t *testing.T) {
	for _, c := range []byte{0, 'x', ' '} {
		r := io.MultiReader(strings.NewReader("abc\x00"), endless(c))
		e := newEnvelopeReader(r, pieceSize)
		_, err := e.next(make([]byte, pieceSize))
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", c, err)
		}
	}
}
