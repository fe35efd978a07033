package yaml

import (
	"bytes"

	"github.com/flask-vault/flask-vault/format"
)

// maxScan is the size of a document, in bytes, from which it is not scanned.
const maxScan = 16 << 20

// scan reads a document that is plain enough to be understood line by line, a
// hundred times faster than the parser: names at the left margin with a value in
// quotes or a plain one on the same line, comments on lines of their own, nothing
// escaped, ASCII only. It reports whether the document is of that kind. What it
// accepts, the parser accepts and reads in the same way; FuzzScan compares them.
//
// It returns the value of the last line that has the name, as PyYAML does; without
// one the kind is kindUnknown.
func scan(text []byte, name string) (kind format.Kind, value []byte, simple bool) {
	kind = kindUnknown
	if len(text) > maxScan {
		return kind, nil, false
	}
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		if len(line) == 0 {
			continue
		}
		if line[0] == '#' {
			for _, c := range line {
				if !isPrintableASCII(c) {
					return kind, nil, false
				}
			}
			continue
		}
		key, k, v, ok := scanLine(line)
		if !ok {
			return kind, nil, false
		}
		if string(key) == name {
			kind, value = k, v
		}
	}
	return kind, value, true
}

func isPrintableASCII(c byte) bool { return ' ' <= c && c <= '~' }

// scanLine reads "name: value".
func scanLine(line []byte) (key []byte, kind format.Kind, value []byte, ok bool) {
	n := 0
	for n < len(line) && in(line[n], inKey) {
		n++
	}
	if n == 0 || n > 128 || n == len(line) || line[n] != ':' || !in(line[0], startsKey) || kindOfPlain(line[:n]) != format.String {
		return nil, kindUnknown, nil, false
	}
	key, rest := line[:n], line[n+1:]
	if len(rest) == 0 {
		return key, format.Null, nil, true
	}
	if len(rest) == 1 || rest[0] != ' ' {
		return nil, kindUnknown, nil, false
	}
	kind, value, ok = scanValue(rest[1:])
	return key, kind, value, ok
}

// scanValue reads a scalar that takes up all of a line's rest, which is not empty.
func scanValue(s []byte) (format.Kind, []byte, bool) {
	if q := s[0]; q == '"' || q == '\'' {
		end := len(s) - 1
		if end == 0 || s[end] != q {
			return kindUnknown, nil, false
		}
		for _, c := range s[1:end] {
			if c == q || q == '"' && c == '\\' || !isPrintableASCII(c) {
				return kindUnknown, nil, false
			}
		}
		return format.String, s[1:end], true
	}
	if !in(s[0], startsPlain) {
		return kindUnknown, nil, false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case in(c, inPlain):
		case c == ':' && i+1 < len(s) && s[i+1] != ' ':
		case c == ' ' && i+1 < len(s) && in(s[i+1], startsPlain):
		default:
			return kindUnknown, nil, false
		}
	}
	kind := kindOfPlain(s)
	if kind == format.Null {
		return kind, nil, true
	}
	return kind, s, kind == format.String || badScalar(kind, string(s)) == ""
}

// kindOfPlain is plainKind. What starts with a letter is a word of YAML or a
// string, and no word is longer than false.
func kindOfPlain(s []byte) format.Kind {
	if len(s) > len("false") && in(s[0], startsKey) {
		return format.String
	}
	return plainKind(string(s))
}

// Classes of characters. Each is narrower than what YAML allows there.
const (
	startsKey = 1 << iota
	inKey
	startsPlain // or a word within a plain scalar
	inPlain
)

func in(c byte, class byte) bool { return classes[c]&class != 0 }

var classes = [256]byte{
	'_': startsKey | inKey | startsPlain | inPlain,
	'-': inKey | inPlain, '.': inKey | inPlain,
	'/': startsPlain | inPlain, '+': inPlain, '@': inPlain, '%': inPlain, '=': inPlain, ',': inPlain,
	'0': digit, '1': digit, '2': digit, '3': digit, '4': digit, '5': digit, '6': digit, '7': digit, '8': digit, '9': digit,
	'A': letter, 'B': letter, 'C': letter, 'D': letter, 'E': letter, 'F': letter, 'G': letter, 'H': letter, 'I': letter,
	'J': letter, 'K': letter, 'L': letter, 'M': letter, 'N': letter, 'O': letter, 'P': letter, 'Q': letter, 'R': letter,
	'S': letter, 'T': letter, 'U': letter, 'V': letter, 'W': letter, 'X': letter, 'Y': letter, 'Z': letter,
	'a': letter, 'b': letter, 'c': letter, 'd': letter, 'e': letter, 'f': letter, 'g': letter, 'h': letter, 'i': letter,
	'j': letter, 'k': letter, 'l': letter, 'm': letter, 'n': letter, 'o': letter, 'p': letter, 'q': letter, 'r': letter,
	's': letter, 't': letter, 'u': letter, 'v': letter, 'w': letter, 'x': letter, 'y': letter, 'z': letter,
}

const (
	digit  = inKey | startsPlain | inPlain
	letter = startsKey | digit
)
