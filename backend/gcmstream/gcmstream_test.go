package gcmstream_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/flask-vault/flask-vault/backend/gcmstream"
)

// source gives the same bytes in every run.
func source(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func random(r *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	_, _ = r.Read(b)
	return b
}

func newBlock(t testing.TB, key []byte) cipher.Block {
	t.Helper()
	b, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newGCM(t testing.TB, key []byte) *gcmstream.GCM {
	t.Helper()
	g, err := gcmstream.New(newBlock(t, key))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// standard is what the standard library makes of the message.
func standard(t testing.TB, key []byte, nonce [12]byte, plaintext []byte) []byte {
	t.Helper()
	aead, err := cipher.NewGCM(newBlock(t, key))
	if err != nil {
		t.Fatal(err)
	}
	return aead.Seal(nil, nonce[:], plaintext, nil)
}

// pieces cuts b into pieces of n bytes, the last of which is what is left.
func pieces(b []byte, n int) [][]byte {
	var all [][]byte
	for ; len(b) > n; b = b[n:] {
		all = append(all, b[:n])
	}
	return append(all, b)
}

// seal seals with pieces of n bytes and returns ciphertext ‖ tag.
func seal(t testing.TB, g *gcmstream.GCM, nonce [12]byte, plaintext []byte, n int) []byte {
	t.Helper()
	s := g.Sealer(nonce)
	defer s.Clear()
	sealed := make([]byte, 0, len(plaintext)+gcmstream.TagSize)
	for _, p := range pieces(plaintext, n) {
		dst := make([]byte, len(p), len(p)+gcmstream.TagSize)
		if err := s.Seal(dst, p); err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, dst...)
	}
	tag := s.Tag()
	return append(sealed, tag[:]...)
}

// open checks, then decrypts, with pieces of n bytes.
func open(g *gcmstream.GCM, nonce [12]byte, sealed []byte, n int) ([]byte, error) {
	ciphertext, tag := sealed[:len(sealed)-gcmstream.TagSize], sealed[len(sealed)-gcmstream.TagSize:]
	c := g.Checker(nonce)
	for _, p := range pieces(ciphertext, n) {
		if err := c.Add(p); err != nil {
			return nil, err
		}
	}
	o, err := c.Verify(tag)
	if err != nil {
		return nil, err
	}
	defer o.Clear()
	r := o.Reader()
	plaintext := []byte{}
	for _, p := range pieces(ciphertext, n) {
		dst := make([]byte, len(p))
		if err := r.Open(dst, p); err != nil {
			return nil, err
		}
		plaintext = append(plaintext, dst...)
	}
	return plaintext, r.Close()
}

// openUnchecked decrypts first and checks after, with pieces of n bytes.
func openUnchecked(g *gcmstream.GCM, nonce [12]byte, sealed []byte, n int) ([]byte, error) {
	ciphertext, tag := sealed[:len(sealed)-gcmstream.TagSize], sealed[len(sealed)-gcmstream.TagSize:]
	u := g.Unchecked(nonce)
	defer u.Clear()
	plaintext := []byte{}
	for _, p := range pieces(ciphertext, n) {
		dst := make([]byte, len(p))
		if err := u.Open(dst, p); err != nil {
			return nil, err
		}
		plaintext = append(plaintext, dst...)
	}
	return plaintext, u.Verify(tag)
}

// agree compares all that the package does with a message with what the standard
// library does.
func agree(t testing.TB, g *gcmstream.GCM, key []byte, nonce [12]byte, plaintext []byte, n int) {
	t.Helper()
	want := standard(t, key, nonce, plaintext)
	if got := seal(t, g, nonce, plaintext, n); !bytes.Equal(got, want) {
		t.Fatalf("%d bytes in pieces of %d: sealed to other bytes", len(plaintext), n)
	}
	if got, err := open(g, nonce, want, n); err != nil || !bytes.Equal(got, plaintext) {
		t.Fatalf("%d bytes in pieces of %d: open: %v, or other bytes", len(plaintext), n, err)
	}
	if got, err := openUnchecked(g, nonce, want, n); err != nil || !bytes.Equal(got, plaintext) {
		t.Fatalf("%d bytes in pieces of %d: open unchecked: %v, or other bytes", len(plaintext), n, err)
	}
}

// TestAgreesWithTheStandardLibrary takes every length about the borders of
// blocks and pieces, for each length of a key.
func TestAgreesWithTheStandardLibrary(t *testing.T) {
	r := source(1)
	for _, keySize := range []int{16, 24, 32} {
		key := random(r, keySize)
		g := newGCM(t, key)
		for _, n := range []int{16, 32, 48, 192, 1 << 10} {
			for length := range 4*n + 2 {
				if n == 1<<10 && length%n > 20 && length%n < n-20 {
					continue
				}
				agree(t, g, key, [12]byte(random(r, 12)), random(r, length), n)
			}
		}
		const n = 192 << 10
		for _, border := range []int{n, 2 * n} {
			for length := border - 18; length <= border+18; length++ {
				if keySize == 16 || length%16 < 2 {
					agree(t, g, key, [12]byte(random(r, 12)), random(r, length), n)
				}
			}
		}
	}
}

// TestPiecesMayDifferInLength seals with pieces of any whole blocks.
func TestPiecesMayDifferInLength(t *testing.T) {
	r := source(2)
	pick := rand.New(r)
	for range 300 {
		key, nonce := random(r, 16), [12]byte(random(r, 12))
		plaintext := random(r, pick.IntN(5000))
		s := newGCM(t, key).Sealer(nonce)
		var sealed []byte
		for rest := plaintext; len(rest) > 0; {
			p := rest[:min(len(rest), 16*pick.IntN(20))]
			dst := make([]byte, len(p), len(p)+gcmstream.TagSize)
			if err := s.Seal(dst, p); err != nil {
				t.Fatal(err)
			}
			sealed, rest = append(sealed, dst...), rest[len(p):]
		}
		tag := s.Tag()
		if !bytes.Equal(append(sealed, tag[:]...), standard(t, key, nonce, plaintext)) {
			t.Fatalf("%d bytes: sealed to other bytes", len(plaintext))
		}
	}
}

func FuzzAgreesWithTheStandardLibrary(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), []byte("nonce nonce "), []byte("attack at dawn"), uint8(1))
	f.Add([]byte("0123456789abcdef"), make([]byte, 12), []byte{}, uint8(1))
	f.Add(bytes.Repeat([]byte{0xff}, 32), bytes.Repeat([]byte{0xff}, 12), bytes.Repeat([]byte{0xff}, 100), uint8(3))
	f.Fuzz(func(t *testing.T, key, nonce, plaintext []byte, blocks uint8) {
		if len(key) != 16 && len(key) != 24 && len(key) != 32 || len(nonce) != 12 || blocks == 0 {
			return
		}
		agree(t, newGCM(t, key), key, [12]byte(nonce), plaintext, int(blocks)*gcmstream.BlockSize)
	})
}

func ExampleGCM() {
	block, _ := aes.NewCipher([]byte("0123456789abcdef"))
	g, err := gcmstream.New(block)
	if err != nil {
		fmt.Println(err)
		return
	}
	nonce := [12]byte{} // a real one is random, and never used twice

	s := g.Sealer(nonce)
	first := append(make([]byte, 0, 32), "sixteen bytes at"...)
	last := append(make([]byte, 0, 32), "a time"...)
	fmt.Println(s.Seal(first, first), s.Seal(last, last)) // in place
	tag := s.Tag()

	// Nothing is decrypted before the whole message was checked.
	c := g.Checker(nonce)
	fmt.Println(c.Add(first), c.Add(last))
	o, err := c.Verify(tag[:])
	if err != nil {
		fmt.Println(err)
		return
	}
	r := o.Reader()
	fmt.Println(r.Open(first, first), r.Open(last, last), r.Close())
	fmt.Printf("%s %s\n", first, last)
	// Output:
	// <nil> <nil>
	// <nil> <nil>
	// <nil> <nil> <nil>
	// sixteen bytes at a time
}

func TestErrors(t *testing.T) {
	g := newGCM(t, make([]byte, 16))
	s := g.Sealer([12]byte{})
	if err := s.Seal(make([]byte, 5, 21), make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(make([]byte, 5, 21), make([]byte, 5)); err == nil {
		t.Error("a piece after one that is not whole blocks was sealed")
	}
	if _, err := g.Checker([12]byte{}).Verify(nil); !errors.Is(err, gcmstream.ErrAuth) {
		t.Errorf("no tag: %v", err)
	}
}
