package dotenv

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
)

// binding is a name with its value, and where they stand.
type binding struct {
	name       string
	value      string
	null       bool // there is no equals sign
	start, end int  // of its lines, with the last line break
	nameEnd    int
	valueStart int // of the value with its quotes
	valueEnd   int
	quote      byte // that opens the value, or 0
	exported   bool // behind export
}

// maxNames bounds the time and the memory that a hostile document costs, and is far
// beyond any real one.
const maxNames = 400_000

const byteOrderMark = "\ufeff"

// scanner reads a text from the front.
type scanner struct {
	text []byte
	i    int
}

// parse returns the bindings of a text in order.
func parse(text []byte) ([]binding, error) {
	if i := invalidUTF8(text); i >= 0 {
		return nil, errorAt(text, i, "the text is not UTF-8")
	}
	s := scanner{text: text}
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		s.i = len(byteOrderMark)
	}
	var all []binding
	for {
		start := s.i
		s.span(isSpace)
		if s.i == len(text) {
			return all, nil
		}
		start = max(start, bytes.LastIndexAny(text[:s.i], "\r\n")+1)
		b, err := s.binding()
		if err != nil {
			return nil, err
		}
		b.start, b.end = start, s.i
		if b.name == "" {
			continue
		}
		if all = append(all, b); len(all) > maxNames {
			return nil, errorAt(text, b.start, "more than 400000 names")
		}
	}
}

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// errorAt is a syntax error at a byte offset.
func errorAt(text []byte, offset int, msg string) error {
	head := strings.TrimPrefix(string(text[:offset]), byteOrderMark)
	head = strings.ReplaceAll(head, "\r\n", "\n")
	line, column := 1, 1
	for _, r := range head {
		if column++; r == '\n' || r == '\r' {
			line, column = line+1, 1
		}
	}
	return &format.SyntaxError{Line: line, Column: column, Msg: msg}
}

func (s *scanner) fail(msg string) error { return errorAt(s.text, s.i, msg) }

// isSpace is white space as Python's expressions have it.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1C <= r && r <= 0x1F }

// isBlank is white space within a line.
func isBlank(r rune) bool { return isSpace(r) && r != '\r' && r != '\n' }

func isName(r rune) bool { return r != '=' && r != '#' && !isSpace(r) }

func inLine(r rune) bool { return r != '\r' && r != '\n' }

// span moves on over the characters of a class and returns them.
func (s *scanner) span(class func(rune) bool) string {
	start := s.i
	for s.i < len(s.text) {
		r, n := utf8.DecodeRune(s.text[s.i:])
		if !class(r) {
			break
		}
		s.i += n
	}
	return string(s.text[start:s.i])
}

func (s *scanner) is(c byte) bool { return s.i < len(s.text) && s.text[s.i] == c }

// binding reads a line, or the lines of a value in quotes. Of a comment the name
// is empty.
func (s *scanner) binding() (binding, error) {
	var b binding
	if rest := s.text[s.i:]; bytes.HasPrefix(rest, []byte("export")) {
		after := scanner{text: s.text, i: s.i + len("export")}
		if after.span(isBlank) != "" {
			s.i = after.i
			b.exported = true
		}
	}
	if err := s.name(&b); err != nil {
		return b, err
	}
	b.nameEnd = s.i
	s.span(isBlank)
	if b.null = !s.is('='); !b.null {
		s.i++
		s.span(isBlank)
		b.valueStart = s.i
		if err := s.value(&b); err != nil {
			return b, err
		}
		b.valueEnd = s.i
	}
	blanks := s.i
	s.span(isBlank)
	if s.is('#') {
		s.span(inLine)
	}
	if s.i < len(s.text) && !s.is('\r') && !s.is('\n') {
		if b.null {
			return b, s.fail("an equals sign is expected behind the name")
		}
		s.i = blanks
		s.span(isBlank)
		return b, s.fail("nothing but a comment can follow the closing quote")
	}
	if s.is('\r') {
		s.i++
	}
	if s.is('\n') {
		s.i++
	}
	return b, nil
}

func (s *scanner) name(b *binding) error {
	switch {
	case s.is('#'):
		return nil
	case s.is('\''):
		end := bytes.IndexByte(s.text[s.i+1:], '\'')
		if end < 0 {
			return s.fail("the quote that opens here is not closed")
		}
		if end == 0 {
			return s.fail("a name is expected")
		}
		b.name = unixLines(string(s.text[s.i+1 : s.i+1+end]))
		s.i += end + 2
		return nil
	}
	if b.name = s.span(isName); b.name == "" {
		return s.fail("a name is expected before the equals sign")
	}
	return nil
}

func (s *scanner) value(b *binding) error {
	if s.i == len(s.text) {
		return nil
	}
	switch c := s.text[s.i]; c {
	case '\'', '"':
		end := closing(s.text[s.i:])
		if end < 0 {
			return s.fail("the quote that opens here is not closed")
		}
		b.quote = c
		escapes := `\'`
		if c == '"' {
			escapes = `\'"abfnrtv`
		}
		b.value = unescape(unixLines(string(s.text[s.i+1:s.i+end])), escapes)
		s.i += end + 1
		return nil
	case '`':
		if end := bytes.IndexByte(s.text[s.i+1:], '`') + 1; end > 0 && s.endsLine(s.i+end+1) {
			b.quote = c
			b.value = unixLines(string(s.text[s.i+1 : s.i+end]))
			s.i += end + 1
			return nil
		}
	}
	start := s.i
	b.value = plain(s.span(inLine))
	s.i = start + len(b.value)
	return nil
}

// endsLine says whether only a comment follows on the line of i.
func (s *scanner) endsLine(i int) bool {
	after := scanner{text: s.text, i: i}
	after.span(isBlank)
	return after.i == len(s.text) || after.is('#') || after.is('\r') || after.is('\n')
}

// closing returns the offset of the quote that closes the one that text starts
// with, or -1: the first one without a backslash before it, else the last one.
func closing(text []byte) int {
	last := -1
	for i := 1; i < len(text); i++ {
		if text[i] != text[0] {
			continue
		}
		if text[i-1] != '\\' {
			return i
		}
		last = i
	}
	return last
}

// plain returns the value that a line without quotes holds: up to white space
// before a #, without white space at its end.
func plain(line string) string {
	space := false
	for i, r := range line {
		if r == '#' && space {
			line = line[:i]
			break
		}
		space = isSpace(r)
	}
	return strings.TrimRightFunc(line, isSpace)
}

// unixLines reads line breaks as Python reads them from a file.
func unixLines(text string) string {
	if strings.IndexByte(text, '\r') < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// unescape replaces the escapes whose letters are given.
func unescape(text, letters string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && strings.IndexByte(letters, text[i+1]) >= 0 {
			i++
			if at := strings.IndexByte("abfnrtv", text[i]); at >= 0 {
				b.WriteByte("\a\b\f\n\r\t\v"[at])
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
