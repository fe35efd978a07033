package agefile

import (
	"bytes"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// encrypt wraps a text for recipients, armored.
func encrypt(text []byte, to ...age.Recipient) ([]byte, error) {
	var b bytes.Buffer
	a := armor.NewWriter(&b)
	w, err := age.Encrypt(a, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := a.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decrypt opens what encrypt or the age command wrapped, armored or not, and
// reads at most limit bytes of it.
func decrypt(file []byte, limit int64, with ...age.Identity) ([]byte, error) {
	var src io.Reader = bytes.NewReader(file)
	if bytes.HasPrefix(bytes.TrimSpace(file), []byte(armor.Header)) {
		src = armor.NewReader(src)
	}
	r, err := age.Decrypt(src, with...)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, limit))
}
