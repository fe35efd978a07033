package keysource

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const (
	// KeySize is the length in bytes of every key that is made or written with (AES-128).
	KeySize = 16

	// MaxTextSize is the most bytes of key text that a source should read:
	// far more than a key needs, far less than a mistaken path can hold.
	MaxTextSize = 4096

	idLabel    = "flask-vault key id v1"
	asciiSpace = " \t\n\v\f\r" // what Python's bytes.strip removes
)

// ErrBadKey is wrapped by every error about text or bytes that are not a key.
// Such an error never quotes what it was given.
var ErrBadKey = errors.New("not a master key")

// Key is a master key of 16 bytes, or of 24 or 32 bytes when it comes from
// Flask-Vault 1.0. The zero Key is no key. Keys are compared with [Key.Equal].
//
// Whatever formats a Key, be it fmt, encoding/json, log/slog or a YAML or text
// encoder, gets its id. The bytes come out of [Key.Bytes] and [Key.Text] alone.
type Key struct {
	// A function, since fmt passes by every method of a value that it meets with the
	// verb %w, or in a field that is not exported, and prints its fields; dumpers that
	// tests use, such as go-spew, follow every pointer besides. Of a function nothing
	// but the address can be seen. It also makes == on keys not compile.
	raw func() string
}

// NewKey makes a random key of [KeySize] bytes.
func NewKey() Key {
	raw := make([]byte, KeySize)
	defer clear(raw)
	rand.Read(raw) // never fails: crypto/rand ends the program instead
	return newKey(raw)
}

func newKey(raw []byte) Key {
	s := string(raw)
	return Key{raw: func() string { return s }}
}

// KeyFromBytes makes a key from 16, 24 or 32 raw bytes. Its error wraps [ErrBadKey].
func KeyFromBytes(raw []byte) (Key, error) {
	switch len(raw) {
	case 16, 24, 32:
		return newKey(raw), nil
	case 0:
		return Key{}, fmt.Errorf("%w: it is empty", ErrBadKey)
	}
	return Key{}, fmt.Errorf("%w: it has %d bytes, a key has %d", ErrBadKey, len(raw), KeySize)
}

// ParseKey reads a key as master.key holds it: URL-safe base64 with padding of
// the raw bytes. White space around it is ignored, so a final newline or CRLF
// does no harm. Its error wraps [ErrBadKey].
func ParseKey(text []byte) (Key, error) {
	text = bytes.Trim(text, asciiSpace)
	if len(text) == 0 {
		return Key{}, fmt.Errorf("%w: it is empty", ErrBadKey)
	}
	if len(text) > MaxTextSize {
		return Key{}, fmt.Errorf("%w: it is longer than %d bytes", ErrBadKey, MaxTextSize)
	}
	// The decoder of the standard library skips line ends; a key has none inside.
	raw := make([]byte, base64.URLEncoding.DecodedLen(len(text)))
	n, err := base64.URLEncoding.Strict().Decode(raw, text)
	defer clear(raw)
	if err != nil || bytes.ContainsAny(text, "\r\n") {
		return Key{}, fmt.Errorf("%w: it is not URL-safe base64 with padding (24 characters that end in ==)", ErrBadKey)
	}
	return KeyFromBytes(raw[:n])
}

// IsZero reports whether k is the zero Key, which is no key at all.
func (k Key) IsZero() bool { return k.raw == nil }

// Equal compares two keys in a time that does not depend on their bytes.
func (k Key) Equal(other Key) bool {
	a, b := k.Bytes(), other.Bytes()
	defer clear(a)
	defer clear(b)
	return subtle.ConstantTimeCompare(a, b) == 1
}

// Size is the number of raw bytes: 16, 24 or 32, or 0 for the zero Key.
func (k Key) Size() int {
	if k.raw == nil {
		return 0
	}
	return len(k.raw())
}

// Bytes returns a copy of the raw bytes. The caller clears it after use.
func (k Key) Bytes() []byte {
	if k.raw == nil {
		return nil
	}
	return []byte(k.raw())
}

// Text returns the key as master.key holds it, without a newline; [ParseKey] reads it.
func (k Key) Text() string {
	raw := k.Bytes()
	defer clear(raw)
	return base64.URLEncoding.EncodeToString(raw)
}

// ID names the key without telling anything of it: the first 8 hex digits of
// HMAC-SHA256 with the key over a fixed label. The zero Key has the id "".
func (k Key) ID() string {
	if k.IsZero() {
		return ""
	}
	raw := k.Bytes()
	defer clear(raw)
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(idLabel))
	return hex.EncodeToString(mac.Sum(nil)[:4])
}

// String returns the id in brackets, never the key.
func (k Key) String() string {
	if k.IsZero() {
		return "[no key]"
	}
	return "[key " + k.ID() + "]"
}

// Format writes the same as [Key.String] for every verb, so that no verb of
// fmt (%x, %#v, %d …) can print the bytes.
func (k Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, k.String()) }

// MarshalText gives text, JSON, XML and YAML encoders the same as [Key.String].
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue gives log/slog the same as [Key.String].
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
