package backend

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
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
// seals them. A Cipher counts its own: from 2^31 on it is [Cipher.Worn], and after 2^32
// it seals no more.
type Cipher struct {
	keys atomic.Pointer[keys] // [Vault.Refresh] replaces them
}

// keys are a key that nobody changes, and those before it.
type keys struct {
	aead   cipher.AEAD
	block  cipher.Block
	keyID  string
	source string // the name of the source that had the key, "" if not known
	size   int    // of the key, bytes

	seals atomic.Uint64 // how many there were in this process

	previous []*keys // of the keys before this one, the newest first: they open, too
}

func cipherOf(k *keys) *Cipher {
	c := new(Cipher)
	c.keys.Store(k)
	return c
}

// NewCipher makes the cipher of a key. A key of 24 or 32 bytes, which
// Flask-Vault 1.0 made, opens but does not seal. The previous keys, the newest
// first, are tried where the key does not open.
func NewCipher(k keysource.Key, previous ...keysource.Key) (*Cipher, error) {
	ks, err := newKeys(k, "", previous...)
	if err != nil {
		return nil, err
	}
	return cipherOf(ks), nil
}

func newKeys(k keysource.Key, source string, previous ...keysource.Key) (*keys, error) {
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
	ks := &keys{aead: aead, block: block, keyID: k.ID(), source: source, size: k.Size()}
	for _, p := range previous {
		before, err := newKeys(p, "")
		if err != nil {
			return nil, err
		}
		ks.previous = append(ks.previous, before)
	}
	return ks, nil
}

// KeyID is the id of the key, as keysource.Key.ID gives it.
func (c *Cipher) KeyID() string { return c.keys.Load().keyID }

// ReadOnly reports whether the key is one of 24 or 32 bytes, which does not seal.
func (c *Cipher) ReadOnly() bool { return c.keys.Load().readOnly() }

func (k *keys) readOnly() bool { return k.size != keysource.KeySize }

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
	return c.keys.Load().appendSeal(dst, plaintext, associatedData)
}

func (k *keys) appendSeal(dst, plaintext, associatedData []byte) ([]byte, error) {
	if k.readOnly() {
		return dst, ErrReadOnlyKey
	}
	if int64(len(plaintext)) > maxPlaintext {
		return dst, fmt.Errorf("%w: AES-GCM takes at most %d bytes", ErrTooLarge, int64(maxPlaintext))
	}
	if err := k.count(); err != nil {
		return dst, err
	}
	b := scratch.Get().(*[]byte)
	defer scratch.Put(b)
	sealed := k.aead.Seal((*b)[:0], nil, plaintext, associatedData)
	keep(b, sealed)
	return appendEnvelope(dst, sealed), nil
}

// Worn reports whether the cipher has sealed half of what AES-GCM with random nonces
// allows a key, so that the vault needs a new one (flask-vault rekey). Programs
// that seal much may show it; flask-vault serve does.
func (c *Cipher) Worn() bool { return c.keys.Load().seals.Load() >= warnSeals }

// count counts one more message that is to be sealed.
func (k *keys) count() error {
	if k.seals.Add(1) > maxSeals {
		k.seals.Add(^uint64(0)) // so that the count never comes round
		return ErrWornKey
	}
	return nil
}

// Open returns the plaintext of a token or of the content of an encrypted
// file, sealed under the key or under one of before the last rekeys if those are
// kept. It fails with [ErrMalformed] or [ErrAuth].
func (c *Cipher) Open(token, associatedData []byte) ([]byte, error) {
	return c.keys.Load().open(token, associatedData)
}

func (k *keys) open(token, associatedData []byte) ([]byte, error) {
	sealed, err := appendDecoded(nil, token)
	if err != nil {
		return nil, err
	}
	var dst []byte
	if len(k.previous) == 0 { // nobody else has to try: open in place
		dst = sealed[:0]
	}
	plaintext, err := k.appendOpened(dst, sealed, associatedData)
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
	return c.keys.Load().appendOpened(dst, sealed, associatedData)
}

// appendOpened opens nonce ‖ ciphertext ‖ tag.
func (k *keys) appendOpened(dst, sealed, associatedData []byte) ([]byte, error) {
	plaintext, err := k.aead.Open(dst, nil, sealed, associatedData)
	for i := 0; err != nil && i < len(k.previous); i++ {
		plaintext, err = k.previous[i].aead.Open(dst, nil, sealed, associatedData)
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
func (c *Cipher) KeySource() string { return c.keys.Load().source }

// openNamed is Open for a file; its error names the file, and the key if that is to blame.
func (c *Cipher) openNamed(name string, text []byte) ([]byte, error) {
	return c.keys.Load().openNamed(name, text)
}

func (k *keys) openNamed(name string, text []byte) ([]byte, error) {
	plaintext, err := k.open(text, nil)
	return plaintext, k.named(name, err)
}

// named adds to an error of opening the name of the file, and the key if that is
// to blame. Other errors stay as they are.
func (k *keys) named(name string, err error) error {
	switch {
	case errors.Is(err, ErrAuth) && k.source != "":
		return fmt.Errorf("%s: %w (this key is %s from %s)", name, err, k.keyID, k.source)
	case errors.Is(err, ErrAuth), errors.Is(err, ErrMalformed), errors.Is(err, ErrTooLarge):
		return fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// all is this key and the previous ones, in the order to try them.
func (k *keys) all() []*keys { return append([]*keys{k}, k.previous...) }

// sealVerified seals, opens the result and compares, so that nothing is ever
// stored that does not read back, be it for a fault of the memory or of ours.
func (c *Cipher) sealVerified(plaintext []byte) ([]byte, error) {
	k := c.keys.Load()
	token, err := k.appendSeal(nil, plaintext, nil)
	if err != nil {
		return nil, err
	}
	back, err := k.open(token, nil)
	defer clear(back)
	if err != nil || !bytes.Equal(back, plaintext) {
		return nil, errUnsound
	}
	return token, nil
}
