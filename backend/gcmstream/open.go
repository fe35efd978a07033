package gcmstream

import (
	"crypto/cipher"
	"crypto/subtle"
)

// Checker reads the ciphertext of a message and checks its tag. It decrypts nothing.
type Checker struct {
	hash   hash
	nonce  [NonceSize]byte
	pieces []checked
}

// checked is what is kept of a piece: its share of the hash, and its length,
// since a share is the same with zeros at the end.
type checked struct {
	share element
	size  int
}

// Checker begins to check a message.
func (g *GCM) Checker(nonce [NonceSize]byte) *Checker {
	return &Checker{hash: g.hash(), nonce: nonce}
}

// Add reads the next piece of ciphertext. It remembers 24 bytes for it, so pieces
// should be large. It fails with [ErrTooLong] beyond MaxSize.
func (c *Checker) Add(piece []byte) error {
	share, err := c.hash.add(piece)
	if err == nil {
		c.pieces = append(c.pieces, checked{share, len(piece)})
	}
	return err
}

// Verify checks the tag. If it fits, the opener decrypts the message, else the
// error is [ErrAuth].
func (c *Checker) Verify(tag []byte) (*Opener, error) {
	if err := c.hash.verify(c.nonce, tag); err != nil {
		return nil, err
	}
	return &Opener{gcm: c.hash.gcm, nonce: c.nonce, size: c.hash.size, pieces: c.pieces}, nil
}

// Clear forgets what was derived from the key, but not for an opener that Verify gave.
func (c *Checker) Clear() { *c = Checker{} }

// Opener is a message whose tag was checked. It can be decrypted several times.
type Opener struct {
	gcm    *GCM
	nonce  [NonceSize]byte
	size   int64
	pieces []checked
}

// Size is the length of the message in bytes.
func (o *Opener) Size() int64 { return o.size }

// Reader begins to decrypt the message from its first piece.
func (o *Opener) Reader() *Reader {
	return &Reader{opener: o, hash: o.gcm.hash(), stream: o.gcm.stream(o.nonce)}
}

// Clear forgets what was derived from the key. Readers cannot be used after.
func (o *Opener) Clear() {
	clear(o.pieces)
	*o = Opener{}
}

// Reader decrypts a message that was checked, once from its begin to its end.
type Reader struct {
	opener *Opener
	hash   hash
	stream cipher.Stream
	next   int
}

// Open decrypts a piece into dst, which has its length and is either the piece
// itself or does not overlap it. The pieces are those that the checker read, as
// it read them: any other is refused with [ErrChanged] and not decrypted. That
// another piece passes for one that was checked is as improbable as for a forged
// tag.
func (r *Reader) Open(dst, piece []byte) error {
	if r.next == len(r.opener.pieces) {
		return ErrChanged
	}
	before := r.opener.pieces[r.next]
	share, err := r.hash.add(piece)
	if err != nil {
		return err
	}
	var got, want [BlockSize]byte
	share.store(got[:])
	before.share.store(want[:])
	if len(piece) != before.size || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return ErrChanged
	}
	r.next++
	r.stream.XORKeyStream(dst[:len(piece)], piece)
	return nil
}

// Close reports with [ErrChanged] that pieces are missing at the end, and forgets
// what was derived from the key.
func (r *Reader) Close() error {
	missing := r.next < len(r.opener.pieces)
	r.hash.clear()
	r.stream = nil
	if missing {
		return ErrChanged
	}
	return nil
}

// Unchecked decrypts a message before its tag is checked. What it gives may be
// anything that an attacker chose: it must go where nobody reads it before
// [Unchecked.Verify] has passed, and be destroyed if that fails.
type Unchecked struct {
	hash   hash
	stream cipher.Stream
	nonce  [NonceSize]byte
}

// Unchecked begins to decrypt a message.
func (g *GCM) Unchecked(nonce [NonceSize]byte) *Unchecked {
	return &Unchecked{hash: g.hash(), stream: g.stream(nonce), nonce: nonce}
}

// Open decrypts the next piece into dst, which has its length and is either the
// piece itself or does not overlap it. It fails with [ErrTooLong] beyond MaxSize.
func (u *Unchecked) Open(dst, piece []byte) error {
	if _, err := u.hash.add(piece); err != nil {
		return err
	}
	u.stream.XORKeyStream(dst[:len(piece)], piece)
	return nil
}

// Verify checks the tag of what was decrypted. It fails with [ErrAuth].
func (u *Unchecked) Verify(tag []byte) error { return u.hash.verify(u.nonce, tag) }

// Clear forgets what was derived from the key.
func (u *Unchecked) Clear() {
	u.hash.clear()
	u.stream = nil
}
