package search

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescaped looks through the neighbourhood of each escape in text, which is most
// often little of it.
func (r *Reader) unescaped(s *Set, text []byte, found func(pattern, begin, end int) bool) {
	reach := s.longest - 1 // how far a pattern goes on before and behind an escape
	if reach < 0 {
		return
	}
	e := escapes{text: text}
	w := &r.window
	for at, n := e.next(0); n > 0; {
		w.reset()
		start := max(at-reach, e.end)
		w.add(text[start:at], start)
		for {
			w.jumps = append(w.jumps, jump{len(w.text), at})
			w.text = append(w.text, e.decoded...)
			e.end = at + n
			at, n = e.next(e.end)
			if n == 0 || at-e.end > reach {
				w.add(text[e.end:min(e.end+reach, len(text))], e.end)
				break
			}
			w.add(text[e.end:at], e.end)
		}
		if !w.find(s, true, found) {
			return
		}
	}
}

// escapes goes through the escapes of a text.
type escapes struct {
	text      []byte
	end       int    // of the last one
	backslash int    // the next one, if it is at or behind where the search goes on
	percent   int    // the same
	decoded   []byte // what the last one stands for
	buf       [utf8.UTFMax]byte
}

// next finds the first escape from a place on. n is its length, 0 if there is none.
func (e *escapes) next(from int) (at, n int) {
	for {
		e.backslash = e.look(e.backslash, from, '\\')
		e.percent = e.look(e.percent, from, '%')
		at = min(e.backslash, e.percent)
		if at == len(e.text) {
			return at, 0
		}
		if e.text[at] == '%' {
			n = e.hexByte(at+1, 1)
		} else {
			n = e.afterBackslash(at + 1)
		}
		if n > 0 {
			return at, n
		}
		from = at + 1
	}
}

// look is the place of c from a place on, which is known if it is not before that;
// the end of the text if there is none.
func (e *escapes) look(known, from int, c byte) int {
	if known >= from && known < len(e.text) && e.text[known] == c || known == len(e.text) && from > 0 {
		return known
	}
	if i := bytes.IndexByte(e.text[from:], c); i >= 0 {
		return from + i
	}
	return len(e.text)
}

// hexByte decodes two digits. n is 2 and what was before them, or 0.
func (e *escapes) hexByte(at, before int) int {
	v, ok := e.hex(at, 2)
	if !ok {
		return 0
	}
	e.buf[0] = byte(v)
	e.decoded = e.buf[:1]
	return before + 2
}

func (e *escapes) hex(at, digits int) (v uint32, ok bool) {
	if at+digits > len(e.text) {
		return 0, false
	}
	for _, c := range e.text[at : at+digits] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint32(c)
	}
	return v, true
}

// afterBackslash decodes what languages write behind a backslash, at that place.
func (e *escapes) afterBackslash(at int) (n int) {
	if at >= len(e.text) {
		return 0
	}
	c := e.text[at]
	one := func(b byte) int { e.buf[0] = b; e.decoded = e.buf[:1]; return 2 }
	switch {
	case c == 'u' || c == 'U':
		return e.unicode(at)
	case c == 'x':
		return e.hexByte(at+1, 2)
	case '0' <= c && c <= '7':
		v, digits := 0, 0
		for digits < 3 && at+digits < len(e.text) && '0' <= e.text[at+digits] && e.text[at+digits] <= '7' {
			v = v<<3 | int(e.text[at+digits]-'0')
			digits++
		}
		one(byte(v))
		return 1 + digits
	case ' ' <= c && c < 0x7f && c != '%' && !isLetterOrDigit(c): // no shell minds a %, and an escape may begin with it
		return one(c)
	}
	if i := strings.IndexByte("abfnrtv", c); i >= 0 {
		return one("\a\b\f\n\r\t\v"[i])
	}
	return 0
}

func isLetterOrDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// unicode decodes \uXXXX, two of them for what UTF-16 has as a pair, \u{X} and
// \UXXXXXXXX. at is the place of the u.
func (e *escapes) unicode(at int) (n int) {
	digits := 4
	if e.text[at] == 'U' {
		digits = 8
	}
	v, ok := e.hex(at+1, digits)
	n = 2 + digits
	if !ok && digits == 4 && at+1 < len(e.text) && e.text[at+1] == '{' {
		digits = bytes.IndexByte(e.text[at+2:min(at+2+9, len(e.text))], '}')
		if digits > 0 {
			v, ok = e.hex(at+2, digits)
			n = 4 + digits
		}
	}
	if !ok {
		return 0
	}
	c := rune(v) //nolint:gosec // what is too large is no rune below
	if utf16.IsSurrogate(c) && at+7 < len(e.text) && e.text[at+5] == '\\' && e.text[at+6] == 'u' {
		if low, ok := e.hex(at+7, 4); ok {
			c = utf16.DecodeRune(c, rune(low)) //nolint:gosec // four digits
			n += 6
		}
	}
	e.decoded = e.buf[:utf8.EncodeRune(e.buf[:], c)]
	return n
}
