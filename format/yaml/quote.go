package yaml

import (
	"strings"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
)

// writeString writes text so that YAML 1.1 and 1.2 readers read it as a string:
// plain where no reader could take it for anything else, else in double quotes.
// It never breaks the line.
func writeString(text string, flow bool) string {
	if isSafePlain(text, flow) {
		return text
	}
	return quote(text)
}

// isSafePlain says whether text can stand without quotes. It is narrower than
// the grammar: what any reader might take for a number, a date, a word with a
// meaning or the start of something else is quoted.
func isSafePlain(text string, flow bool) bool {
	if text == "" || len(text) > 256 && flow {
		return false
	}
	switch c := text[0]; {
	case '0' <= c && c <= '9', c == '.', c == '+':
		if looksNumeric(text) || strings.HasPrefix(text, "...") {
			return false
		}
	case strings.IndexByte(" -?:,[]{}#&*!|>'\"%@`=<~", c) >= 0:
		return false
	}
	if plainKind(text) != format.String || isReservedWord(text) || text[len(text)-1] == ' ' {
		return false
	}
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(text[i:])
			if !isPrintable(r) {
				return false
			}
			i += n
			continue
		}
		switch {
		case c < ' ' || c == 0x7F:
			return false
		case c == ':' && (i+1 == len(text) || text[i+1] == ' ' || flow):
			return false
		case c == '#' && text[i-1] == ' ':
			return false
		case flow && strings.IndexByte(",[]{}?\"'", c) >= 0:
			return false
		}
		i++
	}
	return true
}

// looksNumeric says whether text has only characters of numbers and dates.
func looksNumeric(text string) bool {
	for i := range len(text) {
		c := text[i]
		if !isHex(c) && strings.IndexByte("+-.:xXoObBtTzZ ,", c) < 0 {
			return false
		}
	}
	return true
}

// isReservedWord takes the words that some reader gives a meaning, in any case.
func isReservedWord(text string) bool {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil", "none",
		"inf", "infinity", "nan", ".inf", ".nan", "+.inf":
		return true
	}
	return false
}

// isPrintable says whether a character beyond ASCII can stand unescaped and
// shows what it is.
func isPrintable(r rune) bool {
	switch {
	case r < 0xA1, // control characters, next line, no-break space
		0x200B <= r && r <= 0x200F, // zero width, direction marks
		0x2028 <= r && r <= 0x202E, // line and paragraph separator, direction
		0x2060 <= r && r <= 0x206F,
		r == 0xFEFF, r == 0xFFFE, r == 0xFFFF, r == 0x00AD, r == 0x3000,
		0x2000 <= r && r <= 0x200A: // spaces
		return false
	}
	return true
}

const hexDigits = "0123456789ABCDEF"

// quote writes text in double quotes.
func quote(text string) string {
	var b strings.Builder
	b.Grow(len(text) + 2)
	b.WriteByte('"')
	for _, r := range text {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\t':
			b.WriteString(`\t`)
		case '\r':
			b.WriteString(`\r`)
		case 0:
			b.WriteString(`\0`)
		case 0x1B:
			b.WriteString(`\e`)
		default:
			switch {
			case ' ' <= r && r < 0x7F, r >= utf8.RuneSelf && isPrintable(r):
				b.WriteRune(r)
			case r < 0x100:
				b.WriteString(`\x`)
				writeHex(&b, r, 2)
			case r < 0x10000:
				b.WriteString(`\u`)
				writeHex(&b, r, 4)
			default:
				b.WriteString(`\U`)
				writeHex(&b, r, 8)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}

func writeHex(b *strings.Builder, r rune, width int) {
	for shift := (width - 1) * 4; shift >= 0; shift -= 4 {
		b.WriteByte(hexDigits[r>>shift&0xF])
	}
}
