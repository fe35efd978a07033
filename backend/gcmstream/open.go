package gcmstream

import "crypto/cipher"

// Checker reads the ciphertext of a message and checks its tag. It decrypts nothing.
type Checker struct {
	m      message
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
	return &Checker{m: message{gcm: g, nonce: nonce}}
}

// Add reads the next piece of ciphertext. It remembers 24 bytes for it, so pieces
// should be large. It fails with [ErrTooLong] beyond MaxSize.
func (c *Checker) Add(piece []byte) error {
	if err := c.m.begin(len(piece)); err != nil {
		return err
	}
	share := c.m.share(piece)
	c.m.took(share)
	c.pieces = append(c.pieces, checked{share, len(piece)})
	return nil
}

// Verify checks the tag. If it fits, the opener decrypts the message, else the
// error is [ErrAuth].
func (c *Checker) Verify(tag []byte) (*Opener, error) {
	if err := c.m.verify(tag); err != nil {
		return nil, err
	}
	return &Opener{gcm: c.m.gcm, nonce: c.m.nonce, size: c.m.size, pieces: c.pieces}, nil
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
	return &Reader{opener: o, m: message{gcm: o.gcm, nonce: o.nonce}}
}

// Clear forgets what was derived from the key. Readers cannot be used after.
func (o *Opener) Clear() {
	clear(o.pieces)
	*o = Opener{}
}

// Reader decrypts a message that was checked, once from its begin to its end.
type Reader struct {
	opener *Opener
	m      message
	next   int
}

// Open decrypts a piece into dst, which has its length and is either the piece
// itself or does not overlap it. The piece has a capacity of TagSize more, which
// is used and restored. The pieces are those that the checker read, as it read
// them: any other is refused with [ErrChanged] and not decrypted. That another
// one passes is as improbable as a forged tag.
func (r *Reader) Open(dst, piece []byte) error {
	if r.next == len(r.opener.pieces) || len(piece) != r.opener.pieces[r.next].size {
		return ErrChanged
	}
	if err := r.m.open(dst, piece, r.opener.pieces[r.next].share); err != nil {
		return err
	}
	r.next++
	return nil
}

// open decrypts the next piece, if its share is this one.
func (m *message) open(dst, piece []byte, share element) error {
	if err := m.begin(len(piece)); err != nil {
		return err
	}
	sealed := piece[:len(piece)+TagSize]
	kept := [TagSize]byte(sealed[len(piece):])
	m.pieceTag(share).store(sealed[len(piece):])
	m.start()
	_, err := m.gcm.whole.Open(dst[:0], m.scratch[:], sealed, nil)
	copy(sealed[len(piece):], kept[:])
	if err != nil {
		return ErrChanged
	}
	m.took(share)
	return nil
}

// Close reports with [ErrChanged] that pieces are missing at the end, and forgets
// what was derived from the key.
func (r *Reader) Close() error {
	missing := r.next < len(r.opener.pieces)
	*r = Reader{opener: &Opener{}}
	if missing {
		return ErrChanged
	}
	return nil
}

// Unchecked decrypts a message before its tag is checked. What it gives may be
// anything that an attacker chose: it must go where nobody reads it before
// [Unchecked.Verify] has passed, and be destroyed if that fails.
type Unchecked struct {
	m      message
	stream cipher.Stream
}

// Unchecked begins to decrypt a message.
func (g *GCM) Unchecked(nonce [NonceSize]byte) *Unchecked {
	// This counter has 128 bits, that of GCM 32: the same up to MaxSize.
	first := counterBlock(nonce, 2)
	return &Unchecked{m: message{gcm: g, nonce: nonce}, stream: cipher.NewCTR(g.block, first[:])}
}

// Open decrypts the next piece into dst, which has its length and is either the
// piece itself or does not overlap it. It fails with [ErrTooLong] beyond MaxSize.
func (u *Unchecked) Open(dst, piece []byte) error {
	if err := u.m.begin(len(piece)); err != nil {
		return err
	}
	u.m.took(u.m.share(piece))
	u.stream.XORKeyStream(dst[:len(piece)], piece)
	return nil
}

// Verify checks the tag of what was decrypted. It fails with [ErrAuth].
func (u *Unchecked) Verify(tag []byte) error { return u.m.verify(tag) }

// Clear forgets what was derived from the key.
func (u *Unchecked) Clear() { *u = Unchecked{} }
