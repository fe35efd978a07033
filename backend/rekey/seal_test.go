package rekey_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/rekey"
	"github.com/flask-vault/flask-vault/keysource"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

// sealWith makes the text of an encrypted file as Flask-Vault 1.0 did, under a
// key of any size.
func sealWith(t testing.TB, key []byte, plaintext string) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(base64.URLEncoding.EncodeToString(aead.Seal(nil, nil, []byte(plaintext), nil)))
}

func ExampleRun() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "rekey")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	source := keyfile.New(filepath.Join(dir, "master.key"), keyfile.Options{})
	old := keysource.NewKey()
	if err := source.Save(ctx, old); err != nil {
		log.Fatal(err)
	}
	c, _ := backend.NewCipher(old)
	file := filepath.Join(dir, "server.pem.enc")
	if err := c.WriteEncrypted(ctx, file, []byte("key material"), backend.FileOptions{}); err != nil {
		log.Fatal(err)
	}

	next, err := rekey.Run(ctx, rekey.Plan{
		Journal: filepath.Join(dir, ".rekey.json"), Old: old, Source: source,
		Files: []string{file}, Previous: []string{filepath.Join(dir, "previous.enc")},
	})
	if err != nil {
		log.Fatal(err)
	}
	c, _ = backend.NewCipher(next)
	text, err := c.OpenFile(file)
	fmt.Println(string(text), err)
	// Output: key material <nil>
}
