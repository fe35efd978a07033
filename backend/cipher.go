package backend

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/flask-vault/flask-vault/keysource"
)

// maxPlaintext is the longest message of AES-GCM in bytes, just under 64 GiB
// (NIST SP 800-38D section 5.2.1.1: 2^39 − 256 bits).
const maxPlaintext = 1<<36 - 32

// How many messages a key may seal (SP 800-38D section 8.3), and when to say so.
const (
	maxSeals  = 1 << 32
	warnSeals = 1 << 31
)

// Cipher seals and opens tokens and files under one master key with
// AES-128-GCM (NIST SP 800-38D) and a fresh random nonce for every seal. It is
// safe for use by several goroutines.
//
// A key must not seal more than 2^32 messages (SP 800-38D section 8.3), whoever
// seals them. A Cipher counts its own: at 2^31 it warns through [slog.Default], once,
// and after 2^32 it seals no more.
type Cipher struct {
	aead   cipher.AEAD
	keyID  string
	source string // the name of the source that had the key, "" if not known
	size   int    // of the key, bytes

	seals atomic.Uint64 // how many there were in this process

	previous []*Cipher // of the keys before this one, the newest first: they open, too
}

// NewCipher makes the cipher of a key. A key of 24 or 32 bytes, which
// Flask-Vault 1.0 made, opens but does not seal. The previous keys, the newest
// first, are tried where the key does not open.
func NewCipher(k keysource.Key, previous ...keysource.Key) (*Cipher, error) {
	raw := k.Bytes()
	defer clear(raw)
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: it is empty", keysource.ErrBadKey)
	}
	// The standard library draws the nonce: none can be passed in, or used twice.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	c := &Cipher{aead: aead, keyID: k.ID(), size: k.Size()}
	return c, c.addPrevious(previous)
}

// KeyID is the id of the key, as keysource.Key.ID gives it.
func (c *Cipher) KeyID() string { return c.keyID }

// ReadOnly reports whether the key is one of 24 or 32 bytes, which does not seal.
func (c *Cipher) ReadOnly() bool { return c.size != keysource.KeySize }

// Seal encrypts plaintext into a token, which is text that is safe in URLs,
// cookies and file names: 4·⌈(n+28)/3⌉ characters for n bytes. The associated
// data is not in the token; Open needs the same again. None and empty are alike.
// It fails with [ErrReadOnlyKey], with [ErrTooLarge] near 64 GiB, or with [ErrWornKey].
func (c *Cipher) Seal(plaintext, associatedData []byte) ([]byte, error) {
	return c.AppendSeal(nil, plaintext, associatedData)
}

// AppendSeal is [Cipher.Seal] with the token appended to dst. It allocates
// nothing where dst has the room.
func (c *Cipher) AppendSeal(dst, plaintext, associatedData []byte) ([]byte, error) {
	if c.ReadOnly() {
		return dst, ErrReadOnlyKey
	}
	if len(plaintext) > maxPlaintext {
		return dst, fmt.Errorf("%w: AES-GCM takes at most %d bytes", ErrTooLarge, maxPlaintext)
	}
	switch n := c.seals.Add(1); {
	case n > maxSeals:
		c.seals.Add(^uint64(0)) // so that the count never comes round
		return dst, ErrWornKey
	case n == warnSeals:
		slog.Warn("half of the 2^32 messages that AES-GCM allows a key are sealed in this process; give the vault a new key: flask-vault rekey", "key", c.keyID)
	}
	b := scratch.Get().(*[]byte)
	defer scratch.Put(b)
	sealed := c.aead.Seal((*b)[:0], nil, plaintext, associatedData)
	keep(b, sealed)
	return appendEnvelope(dst, sealed), nil
}

// Open returns the plaintext of a token or of the content of an encrypted
// file, sealed under the key or under one of before the last rekeys if those are
// kept. It fails with [ErrMalformed] or [ErrAuth].
func (c *Cipher) Open(token, associatedData []byte) ([]byte, error) {
	sealed, err := appendDecoded(nil, token)
	if err != nil {
		return nil, err
	}
	var dst []byte
	if len(c.previous) == 0 { // nobody else has to try: open in place
		dst = sealed[:0]
	}
	plaintext, err := c.appendOpened(dst, sealed, associatedData)
	if err != nil {
		return nil, err
	}
	if plaintext == nil {
		plaintext = []byte{}
	}
	return plaintext, nil
}

// AppendOpen is [Cipher.Open] with the plaintext appended to dst, which on an
// error is returned as it was. It allocates nothing where dst has the room.
func (c *Cipher) AppendOpen(dst, token, associatedData []byte) ([]byte, error) {
	b := scratch.Get().(*[]byte)
	defer scratch.Put(b)
	sealed, err := appendDecoded((*b)[:0], token)
	if err != nil {
		return dst, err
	}
	keep(b, sealed)
	return c.appendOpened(dst, sealed, associatedData)
}

// appendOpened opens nonce ‖ ciphertext ‖ tag.
func (c *Cipher) appendOpened(dst, sealed, associatedData []byte) ([]byte, error) {
	plaintext, err := c.aead.Open(dst, nil, sealed, associatedData)
	for i := 0; err != nil && i < len(c.previous); i++ {
		plaintext, err = c.previous[i].aead.Open(dst, nil, sealed, associatedData)
	}
	if err != nil {
		return dst, ErrAuth
	}
	return plaintext, nil
}

// scratch holds buffers for sealed bytes, which are no secrets.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// keep has scratch hold a buffer that grew, unless it is one of a large file.
func keep(b *[]byte, grown []byte) {
	if cap(grown) <= 64<<10 {
		*b = grown
	}
}

// KeySource is the name of the source that had the key, "" if that is not known.
func (c *Cipher) KeySource() string { return c.source }

// openNamed is Open for a file; its error names the file, and the key if that is to blame.
func (c *Cipher) openNamed(name string, text []byte) ([]byte, error) {
	plaintext, err := c.Open(text, nil)
	switch {
	case errors.Is(err, ErrAuth) && c.source != "":
		return nil, fmt.Errorf("%s: %w (this key is %s from %s)", name, err, c.keyID, c.source)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return plaintext, nil
}

// sealVerified seals, opens the result and compares, so that nothing is ever
// stored that does not read back, be it for a fault of the memory or of ours.
func (c *Cipher) sealVerified(plaintext []byte) ([]byte, error) {
	token, err := c.Seal(plaintext, nil)
	if err != nil {
		return nil, err
	}
	back, err := c.Open(token, nil)
	defer clear(back)
	if err != nil || !bytes.Equal(back, plaintext) {
		return nil, errors.New("what was encrypted does not decrypt again: nothing is saved; this machine's memory or processor may be faulty")
	}
	return token, nil
}
