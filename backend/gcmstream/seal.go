package gcmstream

import "crypto/cipher"

// Sealer seals one message.
type Sealer struct {
	hash   hash
	stream cipher.Stream
	nonce  [NonceSize]byte
}

// Sealer begins a message. The nonce must not be used for another one under the
// same key, whatever becomes of this one.
func (g *GCM) Sealer(nonce [NonceSize]byte) *Sealer {
	return &Sealer{hash: g.hash(), stream: g.stream(nonce), nonce: nonce}
}

// Seal encrypts the next piece into dst, which has its length and is either the
// piece itself or does not overlap it. It fails with [ErrTooLong] beyond MaxSize.
func (s *Sealer) Seal(dst, piece []byte) error {
	dst = dst[:len(piece)]
	s.stream.XORKeyStream(dst, piece)
	_, err := s.hash.add(dst)
	return err
}

// Tag returns the tag, which follows the ciphertext.
func (s *Sealer) Tag() [TagSize]byte { return s.hash.finish(s.nonce) }

// Clear forgets what was derived from the key.
func (s *Sealer) Clear() {
	s.hash.clear()
	s.stream = nil
}
