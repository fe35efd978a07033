package yaml

import (
	"bytes"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
)

var byteOrderMark = []byte("\ufeff")

// checkText refuses what is not text in the sense of YAML 1.1: bytes that are
// not UTF-8 and characters that a document may only hold escaped.
func checkText(text []byte) *format.SyntaxError {
	if bytes.HasPrefix(text, []byte{0xFE, 0xFF}) || bytes.HasPrefix(text, []byte{0xFF, 0xFE}) {
		return &format.SyntaxError{Line: 1, Column: 1, Msg: "the text is in UTF-16; save it in UTF-8"}
	}
	for i := startOfText(text); i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7F {
				return errorAt(text, i, "a control character stands there; write it escaped, in double quotes")
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return errorAt(text, i, "the text is not UTF-8")
		}
		if r < 0xA0 && r != 0x85 || r == 0xFFFE || r == 0xFFFF {
			return errorAt(text, i, "a control character stands there; write it escaped, in double quotes")
		}
		if r == 0xFEFF && isLoneMark(text, i, i+size) {
			return errorAt(text, i, `an invisible byte order mark stands there; write it as \uFEFF, in double quotes`)
		}
		i += size
	}
	return nil
}

// isLoneMark says whether a byte order mark stands where readers of YAML differ:
// at the start of a line or before white space.
func isLoneMark(text []byte, start, end int) bool {
	if end == len(text) || blankAt(text[end:]) > 0 || start == startOfText(text) {
		return true
	}
	for n := 1; n <= 3 && n <= start; n++ {
		if breakAt(text[start-n:start], 0) == n {
			return true
		}
	}
	return false
}

// errorAt is a syntax error at a byte offset.
func errorAt(text []byte, offset int, msg string) *format.SyntaxError {
	line, column := 1, 1
	for i := startOfText(text); i < offset; {
		if n := breakAt(text, i); n > 0 {
			line, column = line+1, 1
			i += n
			continue
		}
		_, size := utf8.DecodeRune(text[i:])
		column++
		i += size
	}
	return &format.SyntaxError{Line: line, Column: column, Msg: msg}
}

// startOfText is where the text begins behind a byte order mark.
func startOfText(text []byte) int {
	if bytes.HasPrefix(text, byteOrderMark) {
		return len(byteOrderMark)
	}
	return 0
}

// breakAt is the length in bytes of the line break at i, or 0. YAML 1.1 knows
// LF, CR LF, CR, next line, line separator and paragraph separator.
func breakAt(text []byte, i int) int {
	switch text[i] {
	case '\n':
		return 1
	case '\r':
		if i+1 < len(text) && text[i+1] == '\n' {
			return 2
		}
		return 1
	case 0xC2:
		if i+1 < len(text) && text[i+1] == 0x85 {
			return 2
		}
	case 0xE2:
		if i+2 < len(text) && text[i+1] == 0x80 && (text[i+2] == 0xA8 || text[i+2] == 0xA9) {
			return 3
		}
	}
	return 0
}
