// Package content is how git diff, git log -p and git show print what an
// encrypted file holds.
package content

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/cmd/internal/visible"
	"github.com/flask-vault/flask-vault/keysource"
)

// Text is the decrypted content of a file as git prints it: text as it is but for
// what would control a terminal, keys by their ids, anything else by its hash.
func Text(content []byte) []byte {
	if ids := keyIDs(content); ids != nil {
		return fmt.Appendf(nil, "previous keys: %s\n", strings.Join(ids, ", "))
	}
	if !IsText(content) {
		return fmt.Appendf(nil, "(binary content: %s)\n", Fingerprint(content))
	}
	return Lines(content)
}

// Fingerprint makes two versions that cannot be shown look different.
func Fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%d bytes, SHA-256 %x…", len(b), sum[:4])
}

// Lines makes what controls a terminal visible, but for line ends, CRLF too.
func Lines(content []byte) []byte {
	lines := strings.Split(string(content), "\r\n")
	for i := range lines {
		lines[i] = visible.Text(lines[i])
	}
	return []byte(strings.Join(lines, "\r\n"))
}

// IsText reports whether bytes are text in UTF-8.
func IsText(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

// keyIDs are the ids of the keys in a file of previous keys; nil if it is something
// else. The keys themselves are on no terminal.
func keyIDs(content []byte) []string {
	var ids []string
	for line := range bytes.Lines(content) {
		k, err := keysource.ParseKey(line)
		if err != nil {
			return nil
		}
		ids = append(ids, k.ID())
	}
	return ids
}
