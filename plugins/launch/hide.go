package launch

import (
	"bytes"
	"strings"
)

// hideKeys puts [redacted] in the place of all that looks like a master key: 16 or 32
// bytes in base64 with padding, with whatever is joined to them in front, such as a path
// or the end of an escape, or 16 in hexadecimal digits. What a plugin says may
// quote the key that it keeps, and is shown before the key is known here.
func hideKeys(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := strings.IndexFunc(s, func(r rune) bool { return !inKey(r) })
		if n < 0 {
			n = len(s)
		}
		word := s[:n]
		pad := len(s[n:]) - len(strings.TrimLeft(s[n:], "="))
		switch {
		case n >= 22 && pad == 2, n >= 43 && pad == 1, n == 32 && pad == 0 && isHex(word):
			word, n = "[redacted]", n+pad
		case n == 0: // a character that is in no key
			n = 1
			word = s[:1]
		}
		b.WriteString(word)
		s = s[n:]
	}
	return b.String()
}

// maxKey is the most characters that hideKeys takes for those of a key.
const maxKey = 44

// withoutPart takes from the end of a line that is cut what may be the beginning of a key.
func withoutPart(line []byte) []byte {
	end := line[max(0, len(line)-maxKey):]
	return line[:len(line)-len(end)+len(bytes.TrimRightFunc(end, func(r rune) bool { return inKey(r) || r == '=' }))]
}

// inKey reports whether either alphabet of base64 has the character, RFC 4648
// sections 4 and 5.
func inKey(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_+/", r)
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }
