package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"strings"
	"testing"
)

// TestBrokenDocumentUnderAnOldKey: edit cannot mend it before rekey has given the
// vault a key that is not for reading alone, and rekey takes it as it is.
func TestBrokenDocumentUnderAnOldKey(t *testing.T) {
	for _, size := range []int{24, 32} {
		dir := t.TempDir()
		key := bytes.Repeat([]byte{7}, size)
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		nonce := bytes.Repeat([]byte{9}, aead.NonceSize())
		write(t, dir, "master.key", base64.URLEncoding.EncodeToString(key))
		write(t, dir, "credentials.yml.enc", base64.URLEncoding.EncodeToString(aead.Seal(nonce, nonce, []byte("a: @b\n"), nil)))

		r := run(t, dir, "get", "a")
		if r.code != 7 || !strings.Contains(r.stderr, "hint: flask-vault rekey first: the key is for reading alone; then flask-vault edit opens the text to mend it") {
			t.Errorf("%d bytes: get says %+v", size, r)
		}
		if r := run(t, dir, "rekey"); r.code != 0 {
			t.Errorf("%d bytes: rekey says %+v", size, r)
		}
		if r := run(t, dir, "get", "a"); r.code != 7 || !strings.Contains(r.stderr, "hint: flask-vault edit opens the text to mend it") {
			t.Errorf("%d bytes: get after rekey says %+v", size, r)
		}
	}
}
