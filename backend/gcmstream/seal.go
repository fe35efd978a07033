package gcmstream

// Sealer seals one message.
type Sealer struct {
	m message

	before message // where the last piece began
	share  element // of the last piece
}

// Sealer begins a message. The nonce must not be used for another one under the
// same key, whatever becomes of this one.
func (g *GCM) Sealer(nonce [NonceSize]byte) *Sealer {
	return &Sealer{m: message{gcm: g, nonce: nonce}}
}

// Seal encrypts the next piece into dst, which has its length and a capacity of
// TagSize more, and is either the piece itself or does not overlap it. It fails
// with [ErrTooLong] beyond MaxSize.
func (s *Sealer) Seal(dst, piece []byte) error {
	if err := s.m.begin(len(piece)); err != nil {
		return err
	}
	s.before = s.m
	s.m.start()
	sealed := s.m.gcm.whole.Seal(dst[:0], s.m.scratch[:], piece, nil)
	tag := sealed[len(piece):]
	s.share = s.m.pieceTag(load(tag))
	clear(tag) // it would give the hash key away
	s.m.took(s.share)
	return nil
}

// Again decrypts a copy of the piece that was sealed last into dst as [Reader]
// does, for a comparison with the plaintext. It fails with [ErrChanged] if the
// copy is not exact.
func (s *Sealer) Again(dst, piece []byte) error {
	m := s.before
	return m.open(dst, piece, s.share)
}

// Tag returns the tag, which follows the ciphertext.
func (s *Sealer) Tag() [TagSize]byte { return s.m.finish() }

// Clear forgets what was derived from the key.
func (s *Sealer) Clear() { *s = Sealer{} }
