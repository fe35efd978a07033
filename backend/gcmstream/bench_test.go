package gcmstream_test

import (
	"crypto/cipher"
	"testing"

	"github.com/flask-vault/flask-vault/backend/gcmstream"
)

const benchPiece = 96 << 10

// BenchmarkSeal, BenchmarkCheck, BenchmarkOpen and BenchmarkUnchecked take a
// message of 64 pieces. BenchmarkStandardSeal is what the standard
// library needs for the same, in pieces that are messages of their own.
func BenchmarkSeal(b *testing.B) {
	g, piece := newGCM(b, make([]byte, 16)), make([]byte, benchPiece, benchPiece+16)
	b.SetBytes(64 * benchPiece)
	for b.Loop() {
		s := g.Sealer([12]byte{})
		for range 64 {
			if err := s.Seal(piece, piece); err != nil {
				b.Fatal(err)
			}
		}
		s.Tag()
	}
}

func BenchmarkCheck(b *testing.B) {
	g, piece := newGCM(b, make([]byte, 16)), make([]byte, benchPiece)
	b.SetBytes(64 * benchPiece)
	for b.Loop() {
		c := g.Checker([12]byte{})
		for range 64 {
			if err := c.Add(piece); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	g := newGCM(b, make([]byte, 16))
	sealed := seal(b, g, [12]byte{}, make([]byte, 64*benchPiece), benchPiece)
	c := g.Checker([12]byte{})
	for _, p := range pieces(sealed[:64*benchPiece], benchPiece) {
		if err := c.Add(p); err != nil {
			b.Fatal(err)
		}
	}
	o, err := c.Verify(sealed[64*benchPiece:])
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, benchPiece)
	b.SetBytes(64 * benchPiece)
	for b.Loop() {
		r := o.Reader()
		for _, p := range pieces(sealed[:64*benchPiece], benchPiece) {
			if err := r.Open(dst, p); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkUnchecked(b *testing.B) {
	g, piece := newGCM(b, make([]byte, 16)), make([]byte, benchPiece)
	b.SetBytes(64 * benchPiece)
	for b.Loop() {
		u := g.Unchecked([12]byte{})
		for range 64 {
			if err := u.Open(piece, piece); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkStandardSeal(b *testing.B) {
	aead, err := cipher.NewGCM(newBlock(b, make([]byte, 16)))
	if err != nil {
		b.Fatal(err)
	}
	piece, nonce := make([]byte, benchPiece, benchPiece+16), make([]byte, gcmstream.NonceSize)
	b.SetBytes(benchPiece)
	for b.Loop() {
		aead.Seal(piece[:0], nonce, piece, nil)
	}
}
