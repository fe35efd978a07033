package json

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
)

// Limits on what one document may hold. They bound the time and the memory that a
// hostile document costs, and are far beyond any real one.
const (
	maxDepth  = 100
	maxValues = 400_000
)

// node is a value with its place in the text.
type node struct {
	kind       format.Kind
	start, end int
	text       string   // of a string, without quotes and escapes
	members    []member // of an object
	items      []*node  // of an array
}

// member is a name and a value of an object.
type member struct {
	name             string
	keyStart, keyEnd int
	value            *node
}

var byteOrderMark = []byte("\ufeff")

// scanner reads a text from the front.
type scanner struct {
	text   []byte
	i      int
	values int
}

// parse returns the value of the text, or nil if the text is empty.
func parse(text []byte) (*node, error) {
	s := scanner{text: text}
	if bytes.HasPrefix(text, byteOrderMark) {
		s.i = len(byteOrderMark)
	}
	s.space()
	if s.i == len(text) {
		return nil, nil
	}
	n, err := s.value(1)
	if err != nil {
		return nil, err
	}
	s.space()
	if s.i < len(text) {
		return nil, s.fail("nothing can follow the value that is the document")
	}
	return n, nil
}

func (s *scanner) fail(msg string) error { return errorAt(s.text, s.i, msg) }

// errorAt is a syntax error at a byte offset.
func errorAt(text []byte, offset int, msg string) error {
	head := bytes.TrimPrefix(text[:offset], byteOrderMark)
	line := 1 + bytes.Count(head, []byte("\n"))
	column := 1 + utf8.RuneCount(head[bytes.LastIndexByte(head, '\n')+1:])
	return &format.SyntaxError{Line: line, Column: column, Msg: msg}
}

func (s *scanner) space() {
	for s.i < len(s.text) {
		switch s.text[s.i] {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return
		}
	}
}

func (s *scanner) is(c byte) bool { return s.i < len(s.text) && s.text[s.i] == c }

// value reads the value that starts at i.
func (s *scanner) value(depth int) (*node, error) {
	if s.i == len(s.text) {
		return nil, s.fail("the text ends where a value is expected")
	}
	if s.values++; s.values > maxValues {
		return nil, s.fail("more than 400000 values")
	}
	n := &node{start: s.i}
	var err error
	switch c := s.text[s.i]; {
	case c == '{' || c == '[':
		if depth > maxDepth {
			return nil, s.fail("nested more than 100 levels deep")
		}
		if c == '{' {
			err = s.object(n, depth)
		} else {
			err = s.array(n, depth)
		}
	case c == '"':
		n.kind = format.String
		n.text, err = s.str()
	case c == '-' || '0' <= c && c <= '9':
		err = s.number(n)
	default:
		err = s.word(n)
	}
	n.end = s.i
	return n, err
}

func (s *scanner) object(n *node, depth int) error {
	n.kind = format.Mapping
	s.i++
	for s.space(); !s.is('}'); s.space() {
		if len(n.members) > 0 {
			if !s.is(',') {
				return s.fail("a comma or a closing brace is expected")
			}
			s.i++
			s.space()
		}
		if !s.is('"') {
			return s.fail("a name in double quotes is expected")
		}
		m := member{keyStart: s.i}
		var err error
		if m.name, err = s.str(); err != nil {
			return err
		}
		m.keyEnd = s.i
		s.space()
		if !s.is(':') {
			return s.fail("a colon is expected behind the name")
		}
		s.i++
		s.space()
		if m.value, err = s.value(depth + 1); err != nil {
			return err
		}
		n.members = append(n.members, m)
	}
	s.i++
	return nil
}

func (s *scanner) array(n *node, depth int) error {
	n.kind = format.Sequence
	s.i++
	first := true
	for s.space(); !s.is(']'); s.space() {
		if !first {
			if !s.is(',') {
				return s.fail("a comma or a closing bracket is expected")
			}
			s.i++
			s.space()
		}
		first = false
		item, err := s.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	s.i++
	return nil
}

func (s *scanner) word(n *node) error {
	rest := s.text[s.i:]
	for word, kind := range words {
		if bytes.HasPrefix(rest, []byte(word)) {
			n.kind = kind
			s.i += len(word)
			return nil
		}
	}
	return s.fail("a value is expected: text in double quotes, a number, true, false, null, { or [")
}

var words = map[string]format.Kind{"true": format.Bool, "false": format.Bool, "null": format.Null}

// number reads -1, 0.5 or 1e+3.
func (s *scanner) number(n *node) error {
	n.kind = format.Int
	if s.is('-') {
		s.i++
	}
	if s.is('0') {
		s.i++
		if s.i < len(s.text) && isDigit(s.text[s.i]) {
			return s.fail("a number cannot start with a zero; put it in quotes")
		}
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.is('.') {
		n.kind = format.Float
		s.i++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if s.is('e') || s.is('E') {
		n.kind = format.Float
		s.i++
		if s.is('+') || s.is('-') {
			s.i++
		}
		return s.digits()
	}
	return nil
}

func (s *scanner) digits() error {
	start := s.i
	for s.i < len(s.text) && isDigit(s.text[s.i]) {
		s.i++
	}
	if s.i == start {
		return s.fail("a digit is expected")
	}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// str reads the text in quotes that starts at i.
func (s *scanner) str() (string, error) {
	open := s.i
	s.i++
	start := s.i
	var out []byte // the text so far, if it differs from what is written
	for s.i < len(s.text) {
		switch c := s.text[s.i]; {
		case c == '"':
			end := s.i
			s.i++
			if out == nil {
				return string(s.text[start:end]), nil
			}
			return string(append(out, s.text[start:end]...)), nil
		case c < ' ':
			return "", s.fail(`a line break, a tab or another control character has to be escaped: \n, \t, \u0000`)
		case c == '\\':
			out = append(out, s.text[start:s.i]...)
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
			start = s.i
		case c < utf8.RuneSelf:
			s.i++
		default:
			r, size := utf8.DecodeRune(s.text[s.i:])
			if r == utf8.RuneError && size == 1 {
				return "", s.fail("the text is not UTF-8")
			}
			s.i += size
		}
	}
	s.i = open
	return "", s.fail("the quote that opens here is not closed")
}

// escape reads the escape whose backslash stands at i.
func (s *scanner) escape() (rune, error) {
	if s.i+1 < len(s.text) {
		at := bytes.IndexByte([]byte(`"\/bfnrt`), s.text[s.i+1])
		if at >= 0 {
			s.i += 2
			return rune("\"\\/\b\f\n\r\t"[at]), nil
		}
	}
	r, ok := s.unicode()
	if !ok {
		return 0, s.fail(`unknown escape; write \\ for a backslash`)
	}
	if !utf16.IsSurrogate(r) {
		s.i += 6
		return r, nil
	}
	s.i += 6
	low, ok := s.unicode()
	if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
		s.i += 6
		return pair, nil
	}
	s.i -= 6
	return 0, s.fail("half of a surrogate pair is not text")
}

// unicode reads \u and four hexadecimal digits without moving on.
func (s *scanner) unicode() (rune, bool) {
	if len(s.text) < s.i+6 || s.text[s.i] != '\\' || s.text[s.i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s.text[s.i+2 : s.i+6] {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
