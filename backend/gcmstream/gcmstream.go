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
// All work on the bytes is done by crypto/cipher: counter mode encrypts, and the
// tags of GMAC, which is GCM over data that is only authenticated, give the value
// of GHASH over each piece. This package joins those values into the tag of the
// whole message, with a few multiplications for each piece.
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

	errPiece = errors.New("gcmstream: a piece that is not the last one has to be whole blocks")
)

// GCM is AES-GCM under one key. It is safe for use by several goroutines; the
// messages that it makes are not.
type GCM struct {
	block cipher.Block
	gmac  cipher.AEAD
	h     element // the hash key, E(K, 0)
	mask  element // what GMAC adds to GHASH under the nonce of zeros, E(K, 0…01)
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
	g := &GCM{block: block, gmac: gmac}
	var buf [BlockSize]byte
	block.Encrypt(buf[:], buf[:])
	g.h = load(buf[:])
	buf = [BlockSize]byte{BlockSize - 1: 1}
	block.Encrypt(buf[:], buf[:])
	g.mask = load(buf[:])
	clear(buf[:])
	return g, nil
}

// Clear forgets what was derived from the key. Neither g nor what it made can be
// used after.
func (g *GCM) Clear() { *g = GCM{} }

// hash is the value of GHASH over the ciphertext of a message, as far as it was read.
type hash struct {
	gcm  *GCM
	size int64   // bytes read
	sum  element // their GHASH state, times H
	last bool    // a piece that is not whole blocks was read, so no other may follow

	// What depends on the length of a piece alone, of the last length that came.
	length int
	shift  element // H to the number of blocks
	ends   element // the block that GMAC closes the piece with, times H

	nonce [NonceSize]byte // zeros: that of GMAC, not of the message
	tag   [TagSize]byte
}

// add reads the next piece and returns its share of the sum: the GHASH state of
// the piece alone, times H.
func (h *hash) add(piece []byte) (element, error) {
	if h.last && len(piece) > 0 {
		return element{}, errPiece
	}
	if int64(len(piece)) > MaxSize-h.size {
		return element{}, ErrTooLong
	}
	if len(piece) != h.length {
		h.length = len(piece)
		h.shift = h.gcm.h.power(uint64(len(piece)+BlockSize-1) / BlockSize)
		h.ends = element{hi: uint64(len(piece)) * 8}.times(h.gcm.h)
	}
	h.gcm.gmac.Seal(h.tag[:0], h.nonce[:], nil, piece)
	share := load(h.tag[:]).plus(h.gcm.mask).plus(h.ends)
	h.sum = h.sum.times(h.shift).plus(share)
	h.size += int64(len(piece))
	h.last = len(piece)%BlockSize != 0
	return share, nil
}

// finish returns the tag of the message under its nonce.
func (h *hash) finish(nonce [NonceSize]byte) [TagSize]byte {
	counter := counterBlock(nonce, 1)
	h.gcm.block.Encrypt(counter[:], counter[:])
	ends := element{lo: uint64(h.size) * 8}.times(h.gcm.h)
	var tag [TagSize]byte
	load(counter[:]).plus(h.sum).plus(ends).store(tag[:])
	return tag
}

func (h *hash) clear() { *h = hash{} }

func (h *hash) verify(nonce [NonceSize]byte, tag []byte) error {
	want := h.finish(nonce)
	if subtle.ConstantTimeCompare(want[:], tag) != 1 {
		return ErrAuth
	}
	return nil
}

func (g *GCM) hash() hash { return hash{gcm: g} }

// counterBlock is block number n of the counter: 1 masks the tag, 2 encrypts the
// first block.
func counterBlock(nonce [NonceSize]byte, n uint32) (block [BlockSize]byte) {
	copy(block[:], nonce[:])
	binary.BigEndian.PutUint32(block[NonceSize:], n)
	return block
}

// stream is the key stream of a message from its first byte. The counter of
// counter mode has 128 bits and that of GCM 32, which is the same up to MaxSize.
func (g *GCM) stream(nonce [NonceSize]byte) cipher.Stream {
	counter := counterBlock(nonce, 2)
	return cipher.NewCTR(g.block, counter[:])
}
