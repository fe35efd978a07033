package forms

import (
	"bytes"
	"encoding/base64"
	"path"
	"slices"
	"strings"
)

// KeySize is how many bytes of key a file is by its whole content: 16, 24 or 32
// bytes in base64url, with padding or without, and nothing else but white space
// around. It is 0 for any other content, for a hash in hex, for what a person
// wrote, and for a name that says that the content is public, such as id or sha256.
func KeySize(name string, content []byte) int {
	text := strings.TrimRight(string(bytes.TrimSpace(bytes.TrimPrefix(content, []byte("\ufeff")))), "=")
	if n := len(text); n != 22 && n != 32 && n != 43 {
		return 0
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || !looksDrawn(text) || isPublic(name) {
		return 0
	}
	return len(raw)
}

// looksDrawn reports whether base64 was drawn at random, as far as can be seen: 99 of
// 100 keys, and hardly a word, a name or a number.
func looksDrawn(text string) bool {
	kind := func(c byte) int {
		switch {
		case 'a' <= c && c <= 'z':
			return 1
		case 'A' <= c && c <= 'Z':
			return 2
		}
		return 3
	}
	changes := 0 // two of three neighbours in random base64 are of different kinds
	var has [4]bool
	seen := map[byte]bool{}
	for i := range len(text) {
		k := kind(text[i])
		has[k], seen[text[i]] = true, true
		if i > 0 && k != kind(text[i-1]) {
			changes++
		}
	}
	return has[1] && has[2] && has[3] && changes >= len(text)/3 && len(seen) >= 12
}

// publicNames are words in the names of files with random content that is no secret.
var publicNames = []string{
	"pub", "public", "publickey", "pubkey", "id", "uuid", "uid", "etag", "rev", "revision", "commit", "version", "build",
	"hash", "digest", "checksum", "sum", "fingerprint", "integrity", "md5", "sha1", "sha256", "sha512", "nonce", "csrf",
}

func isPublic(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(path.Base(name)), func(r rune) bool { return strings.ContainsRune(".-_ ", r) })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(publicNames, w) })
}
