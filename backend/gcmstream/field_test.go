package gcmstream

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"
)

// polynomial is an element with the coefficient of x^i at bit i, as mathematics
// writes it.
func polynomial(e element) *big.Int {
	var block [BlockSize]byte
	e.store(block[:])
	p := new(big.Int)
	for i := range 128 {
		p.SetBit(p, i, uint(block[i/8]>>(7-i%8)&1))
	}
	return p
}

// product multiplies by the definition: as polynomials, then modulo the one of GHASH.
func product(a, b *big.Int) *big.Int {
	sum := new(big.Int)
	for i := range 128 {
		if a.Bit(i) == 1 {
			sum.Xor(sum, new(big.Int).Lsh(b, uint(i)))
		}
	}
	modulus := new(big.Int).SetBit(big.NewInt(0x87), 128, 1)
	for i := 255; i >= 128; i-- {
		if sum.Bit(i) == 1 {
			sum.Xor(sum, new(big.Int).Lsh(modulus, uint(i-128)))
		}
	}
	return sum
}

func TestField(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	elements := []element{{}, one, {lo: 1}, {hi: 1}, {lo: 1 << 63}, {hi: ^uint64(0), lo: ^uint64(0)}}
	for range 200 {
		elements = append(elements, element{r.Uint64(), r.Uint64()})
	}
	for i, a := range elements {
		b := elements[r.IntN(len(elements))]
		if i < 36 {
			a, b = elements[i/6], elements[i%6] // each of the special ones with each
		}
		if got := polynomial(a.times(b)); got.Cmp(product(polynomial(a), polynomial(b))) != 0 {
			t.Fatalf("%x times %x is wrong", a, b)
		}
		if a.times(b) != b.times(a) || a.times(one) != a {
			t.Fatalf("%x times %x: not a field", a, b)
		}
		if a != (element{}) && a.times(a.inverse()) != one {
			t.Fatalf("the inverse of %x is wrong", a)
		}
		power := one
		for n := range uint64(20) {
			if a.power(n) != power {
				t.Fatalf("%x to the %d is wrong", a, n)
			}
			power = power.times(a)
		}
	}
}

// TestEndOfTheCounter takes the last blocks that a message may have, where the
// counter of 32 bits is about to begin anew, without the 64 GiB before them.
func TestEndOfTheCounter(t *testing.T) {
	block, err := aes.NewCipher([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := [NonceSize]byte{1, 2, 3}
	const length = 64
	plaintext := make([]byte, length)
	s := g.Sealer(nonce)
	s.m.size = MaxSize - length
	sealed := make([]byte, length, length+TagSize)
	if err := s.Seal(sealed, plaintext); err != nil {
		t.Fatal(err)
	}
	// The plaintext is zeros, so this is the key stream: E(nonce ‖ 2^32 − 4), …
	for i := range uint32(length / BlockSize) {
		var want [BlockSize]byte
		counter := counterBlock(nonce, 1<<32-4+int64(i))
		block.Encrypt(want[:], counter[:])
		if [BlockSize]byte(sealed[BlockSize*i:]) != want {
			t.Errorf("block %d from the end has another key stream", length/BlockSize-i)
		}
	}
	ctr := cipher.NewCTR(block, append(nonce[:], 0xff, 0xff, 0xff, 0xfc))
	ctr.XORKeyStream(plaintext, plaintext)
	if string(plaintext) != string(sealed) {
		t.Error("counter mode has another key stream")
	}
	if err := s.Seal(sealed[:1], plaintext[:1]); !errors.Is(err, ErrTooLong) {
		t.Errorf("a byte more than fits: %v", err)
	}
}

var sink element

func BenchmarkTimes(b *testing.B) {
	x := element{1, 2}
	for b.Loop() {
		x = x.times(element{3, 4})
	}
	sink = x
}
