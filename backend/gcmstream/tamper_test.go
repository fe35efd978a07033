package gcmstream_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/flask-vault/flask-vault/backend/gcmstream"
)

// TestEveryChangeIsFound changes each bit of a message, its nonce and its tag, and
// cuts it at every length.
func TestEveryChangeIsFound(t *testing.T) {
	r := source(3)
	g, nonce := newGCM(t, random(r, 16)), [12]byte(random(r, 12))
	for _, length := range []int{0, 1, 15, 16, 33, 100} {
		sealed := seal(t, g, nonce, random(r, length), 32)
		refused := func(what string, nonce [12]byte, sealed []byte) {
			t.Helper()
			if got, err := open(g, nonce, sealed, 32); !errors.Is(err, gcmstream.ErrAuth) || got != nil {
				t.Errorf("%d bytes, %s: %v", length, what, err)
			}
			if _, err := openUnchecked(g, nonce, sealed, 32); !errors.Is(err, gcmstream.ErrAuth) {
				t.Errorf("%d bytes, %s, unchecked: %v", length, what, err)
			}
		}
		for bit := range 8 * len(sealed) {
			changed := bytes.Clone(sealed)
			changed[bit/8] ^= 1 << (bit % 8)
			refused("a bit flipped", nonce, changed)
		}
		for bit := range 8 * len(nonce) {
			changed := nonce
			changed[bit/8] ^= 1 << (bit % 8)
			refused("a bit of the nonce flipped", changed, sealed)
		}
		for cut := gcmstream.TagSize; cut < len(sealed); cut++ {
			refused("the end cut off", nonce, sealed[:cut])
			refused("the begin cut off", nonce, sealed[len(sealed)-cut:])
		}
		refused("a byte more", nonce, append(bytes.Clone(sealed), 0))
	}
}

// TestChangesOfALongMessage changes what only joins the pieces: their order,
// their number, bytes at random.
func TestChangesOfALongMessage(t *testing.T) {
	const n, length = 4 << 10, 1 << 20
	r := source(4)
	pick := rand.New(r)
	g, nonce := newGCM(t, random(r, 16)), [12]byte(random(r, 12))
	sealed := seal(t, g, nonce, random(r, length), n)
	refused := func(what string, changed []byte) {
		t.Helper()
		if _, err := open(g, nonce, changed, n); !errors.Is(err, gcmstream.ErrAuth) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for range 100 {
		changed := bytes.Clone(sealed)
		changed[pick.IntN(len(changed))] ^= byte(1 + pick.IntN(255))
		refused("a byte changed", changed)
	}
	for range 20 {
		a, b := n*pick.IntN(length/n), n*pick.IntN(length/n)
		if a == b {
			continue
		}
		changed := bytes.Clone(sealed)
		copy(changed[a:a+n], sealed[b:b+n])
		refused("a piece repeated", changed)
		copy(changed[b:b+n], sealed[a:a+n])
		refused("two pieces exchanged", changed)
		refused("a piece left out", append(bytes.Clone(sealed[:a]), sealed[a+n:]...))
	}
}

// TestOpenerRefusesOtherPieces: what is read the second time is what was checked.
func TestOpenerRefusesOtherPieces(t *testing.T) {
	r := source(5)
	g, nonce := newGCM(t, random(r, 16)), [12]byte(random(r, 12))
	plaintext := random(r, 16*3+5)
	sealed := seal(t, g, nonce, plaintext, 16)
	parts := pieces(sealed[:len(plaintext)], 16)
	c := g.Checker(nonce)
	for _, p := range parts {
		if err := c.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	o, err := c.Verify(sealed[len(plaintext):])
	if err != nil {
		t.Fatal(err)
	}
	if o.Size() != int64(len(plaintext)) {
		t.Errorf("size %d", o.Size())
	}
	// part is a copy of a piece with room for what Open needs.
	part := func(i int) []byte { return append(make([]byte, 0, 64), parts[i]...) }

	for bit := range 8 * 16 {
		p := part(0)
		p[bit/8] ^= 1 << (bit % 8)
		dst := make([]byte, 16)
		if err := o.Reader().Open(dst, p); !errors.Is(err, gcmstream.ErrChanged) || !bytes.Equal(dst, make([]byte, 16)) {
			t.Fatalf("bit %d flipped: %v, or something was decrypted", bit, err)
		}
	}
	for what, p := range map[string][]byte{
		"another piece": part(1), "a shorter one": part(0)[:15], "a longer one": append(part(0), part(1)...), "none": {},
	} {
		if err := o.Reader().Open(make([]byte, 64), p); !errors.Is(err, gcmstream.ErrChanged) {
			t.Errorf("%s: %v", what, err)
		}
	}

	reader := o.Reader()
	for i := range parts {
		p := part(i)
		after := p[len(p) : len(p)+16]
		copy(after, "left as it was..")
		dst := make([]byte, len(p))
		if err := reader.Open(dst, p); err != nil || !bytes.Equal(dst, plaintext[16*i:16*i+len(p)]) {
			t.Errorf("piece %d: %v, or another plaintext", i, err)
		}
		if string(after) != "left as it was.." || !bytes.Equal(p, parts[i]) {
			t.Errorf("piece %d: its memory was changed", i)
		}
	}
	// The last piece with a zero more has the same share.
	if err := reader.Open(make([]byte, 64), append(part(3), 0)); !errors.Is(err, gcmstream.ErrChanged) {
		t.Errorf("a piece more: %v", err)
	}
	if err := reader.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	short := o.Reader()
	if err := short.Open(make([]byte, 64), part(0)); err != nil {
		t.Fatal(err)
	}
	if err := short.Close(); !errors.Is(err, gcmstream.ErrChanged) {
		t.Errorf("close before the end: %v", err)
	}
	zero := o.Reader()
	for i := range 3 {
		if err := zero.Open(make([]byte, 64), part(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := zero.Open(make([]byte, 64), append(part(3), 0)); !errors.Is(err, gcmstream.ErrChanged) {
		t.Errorf("the last piece with a zero more: %v", err)
	}
}

// TestAgainSeesAFault: a copy that is not exact is found, whichever piece it is of.
func TestAgainSeesAFault(t *testing.T) {
	r := source(6)
	g := newGCM(t, random(r, 16))
	s := g.Sealer([12]byte{})
	for i, length := range []int{32, 32, 48, 5} {
		plaintext := random(r, length)
		sealed := make([]byte, length, length+gcmstream.TagSize)
		if err := s.Seal(sealed, plaintext); err != nil {
			t.Fatal(err)
		}
		if tag := sealed[length : length+gcmstream.TagSize]; !bytes.Equal(tag, make([]byte, gcmstream.TagSize)) {
			t.Error("the tag of a piece is left in memory")
		}
		back := make([]byte, length)
		if i == 1 { // not every piece has to be looked at
			continue
		}
		if err := s.Again(back, sealed); err != nil || !bytes.Equal(back, plaintext) {
			t.Errorf("piece %d: %v, or another plaintext", i, err)
		}
		sealed[length/2] ^= 4
		if err := s.Again(back, sealed); !errors.Is(err, gcmstream.ErrChanged) {
			t.Errorf("piece %d with a bit flipped: %v", i, err)
		}
	}
}
