// Package gcmstream seals and opens one AES-GCM message piece by piece, so that
// a message of any length takes the memory of one piece. The bytes are those of
// [cipher.NewGCM]: ciphertext, then a tag of 16 bytes, under a nonce of 12 bytes,
// without associated data.
//
// The standard library has AES-GCM for whole messages alone, and for good reason:
// what is given out before the tag was checked may be anybody's. The types here
// are made so that it takes intent to do that. A [Sealer] seals. A [Checker] reads
// the ciphertext and, if the tag holds, gives an [Opener], which decrypts the
// very pieces that were checked and refuses others. [Unchecked] decrypts at once,
// for a destination that nobody sees before its [Unchecked.Verify] has passed.
//
// All work on the bytes is done by crypto/cipher. It takes each piece as a message
// of its own, and from the tag that it gives for that comes the piece's share of
// the tag of the whole message. This package computes the nonces for that and joins
// the shares, with a few multiplications in GF(2^128) for each piece.
// docs/streaming-gcm.md derives it.
//
// Nothing here draws a nonce, reads or writes files or knows of base64.
package gcmstream

import (
	"crypto/cipher"
	"crypto/fips140"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// NonceSize is the length of a nonce in bytes.
	NonceSize = 12
	// TagSize is the length of a tag in bytes.
	TagSize = 16
	// BlockSize is the length of a block in bytes. The length of every piece but
	// a message's last one is a multiple of it.
	BlockSize = 16
	// MaxSize is the length of the longest message in bytes, just under 64 GiB
	// (NIST SP 800-38D section 5.2.1.1: 2^39 − 256 bits).
	MaxSize = 1<<36 - 32
)

var (
	// ErrUnsupported says that messages cannot be taken in pieces here: in a
	// FIPS 140 mode of Go's, GCM is to be used as a whole.
	ErrUnsupported = errors.New("AES-GCM in pieces is not available in FIPS 140 mode")

	// ErrAuth says that the tag does not fit: another key, another nonce, or a
	// changed message.
	ErrAuth = errors.New("the tag does not fit")

	// ErrChanged says that a piece is not the one that was checked.
	ErrChanged = errors.New("it changed while it was read")

	// ErrTooLong says that a message is longer than MaxSize.
	ErrTooLong = fmt.Errorf("AES-GCM takes at most %d bytes", int64(MaxSize))

	errZero  = errors.New("gcmstream: the hash key of this key is zero")
	errPiece = errors.New("gcmstream: a piece that is not the last one has to be whole blocks")
)

// GCM is AES-GCM under one key. It is safe for use by several goroutines; the
// messages that it makes are not.
type GCM struct {
	block cipher.Block
	gmac  cipher.AEAD // with nonces of 12 bytes
	whole cipher.AEAD // with nonces of 16 bytes, see message.start

	h       element // the hash key, E(K, 0)
	mask    element // what GMAC adds to GHASH under the nonce of zeros, E(K, 0…01)
	perStep element // H^−2: what a nonce of 16 bytes changes by if the counter does
	fixed   element // 128·H^−1: what it has whatever the counter is
}

// Available reports whether [New] does not fail with [ErrUnsupported].
func Available() bool { return !fips140.Enabled() }

// New makes the GCM of a block cipher, which is to be AES. It fails with
// [ErrUnsupported] in a FIPS 140 mode.
func New(block cipher.Block) (*GCM, error) {
	if !Available() {
		return nil, ErrUnsupported
	}
	gmac, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	whole, err := cipher.NewGCMWithNonceSize(block, BlockSize)
	if err != nil {
		return nil, err
	}
	g := &GCM{block: block, gmac: gmac, whole: whole}
	g.h = g.encrypt([BlockSize]byte{})
	if g.h == (element{}) { // of one key in 2^128
		return nil, errZero
	}
	g.mask = g.encrypt([BlockSize]byte{BlockSize - 1: 1})
	inverse := g.h.inverse()
	g.perStep = inverse.times(inverse)
	g.fixed = element{lo: 8 * BlockSize}.times(inverse)
	return g, nil
}

// Clear forgets what was derived from the key. Neither g nor what it made can be
// used after.
func (g *GCM) Clear() { *g = GCM{} }

func (g *GCM) encrypt(block [BlockSize]byte) element {
	g.block.Encrypt(block[:], block[:])
	e := load(block[:])
	clear(block[:])
	return e
}

// message is where the reading or writing of a message stands.
type message struct {
	gcm   *GCM
	nonce [NonceSize]byte
	size  int64   // bytes so far
	sum   element // their GHASH state, times H
	last  bool    // a piece that is not whole blocks came, so no other may follow

	// What depends on the length of a piece alone, of the last length that came.
	length int
	shift  element // H to the number of blocks
	ends   element // the block that GHASH of the piece alone ends with, times H

	scratch [BlockSize]byte // of which calls through an interface need no allocation
	zeros   [NonceSize]byte // the nonce of GMAC
}

// begin says how long the next piece is.
func (m *message) begin(n int) error {
	if m.last && n > 0 {
		return errPiece
	}
	if int64(n) > MaxSize-m.size {
		return ErrTooLong
	}
	if n != m.length {
		m.length = n
		m.shift = m.gcm.h.power(uint64(n+BlockSize-1) / BlockSize)
		m.ends = element{lo: uint64(n) * 8}.times(m.gcm.h)
	}
	return nil
}

// took adds a piece by its share of the sum: the GHASH state of the piece alone,
// times H.
func (m *message) took(share element) {
	m.sum = m.sum.times(m.shift).plus(share)
	m.size += int64(m.length)
	m.last = m.length%BlockSize != 0
}

// counter is the block whose successor encrypts the next piece's first block, or
// that of block number n of the message.
func (m *message) counter() [BlockSize]byte { return counterBlock(m.nonce, m.size/BlockSize+1) }

// start is the nonce of 16 bytes under which GCM makes of the next piece, as a
// message of its own, what it is within this one.
func (m *message) start() {
	counter := m.counter()
	load(counter[:]).times(m.gcm.perStep).plus(m.gcm.fixed).store(m.scratch[:])
}

// pieceTag is the tag of the piece as such a message: its share with what GCM
// adds to it. The same turns the tag into the share.
func (m *message) pieceTag(share element) element {
	return share.plus(m.gcm.encrypt(m.counter())).plus(m.ends)
}

// share computes the share of a piece of ciphertext by GMAC.
func (m *message) share(piece []byte) element {
	m.gcm.gmac.Seal(m.scratch[:0], m.zeros[:], nil, piece)
	// GMAC has the length in the first half of the last block, GCM in the second.
	ends := element{hi: uint64(len(piece)) * 8}.times(m.gcm.h)
	return load(m.scratch[:]).plus(m.gcm.mask).plus(ends)
}

// finish returns the tag of the whole message.
func (m *message) finish() [TagSize]byte {
	ends := element{lo: uint64(m.size) * 8}.times(m.gcm.h)
	var tag [TagSize]byte
	m.gcm.encrypt(counterBlock(m.nonce, 1)).plus(m.sum).plus(ends).store(tag[:])
	return tag
}

func (m *message) verify(tag []byte) error {
	want := m.finish()
	if subtle.ConstantTimeCompare(want[:], tag) != 1 {
		return ErrAuth
	}
	return nil
}

// counterBlock is block number n of the counter: 1 masks the tag, 2 encrypts the
// first block. It has 32 bits for n, which suffice up to MaxSize.
func counterBlock(nonce [NonceSize]byte, n int64) (block [BlockSize]byte) {
	copy(block[:], nonce[:])
	binary.BigEndian.PutUint32(block[NonceSize:], uint32(n))
	return block
}
