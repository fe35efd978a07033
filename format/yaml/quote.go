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
	if text == "" {
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

// isPrintable says whether a character beyond ASCII shows what it is, and can
// stand unescaped.
func isPrintable(r rune) bool {
	switch {
	case r < 0xA1, // control characters, next line, no-break space
		r == 0xAD, r == 0x3000,
		0x2000 <= r && r <= 0x200F, // spaces, zero width, direction marks
		0x2028 <= r && r <= 0x202F, // line and paragraph separator, direction marks
		0x205F <= r && r <= 0x206F,
		r == 0xFEFF, 0xFFF9 <= r && r <= 0xFFFF:
		return false
	}
	return true
}

// quote writes text in double quotes. The escapes are those of JSON, so that a
// document that is JSON stays JSON.
func quote(text string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	b.Grow(len(text) + 2)
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case ' ' <= r && r < 0x7F, r >= utf8.RuneSelf && isPrintable(r):
			b.WriteRune(r)
		default: // below 0x10000: isPrintable takes all above
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[r>>shift&0xF])
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quoteSingle writes text in single quotes, if it can stand there.
func quoteSingle(text string) (string, bool) {
	for _, r := range text {
		if r < ' ' || r == 0x7F || r >= utf8.RuneSelf && !isPrintable(r) {
			return "", false
		}
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'", true
}

// asBlock writes text of several lines as a literal block: the header, and the
// lines without their indentation. Text that a block would not keep as it is, or
// would not show as it is, has none.
func asBlock(text string) (header string, lines []string, ok bool) {
	header = "|-"
	if strings.HasSuffix(text, "\n") {
		header = "|"
		text = text[:len(text)-1]
	}
	lines = strings.Split(text, "\n")
	if len(lines) < 2 || strings.HasPrefix(lines[0], " ") || lines[0] == "" || lines[len(lines)-1] == "" {
		return "", nil, false
	}
	for _, line := range lines {
		if line != "" && strings.Trim(line, " \t") == "" {
			return "", nil, false
		}
		for _, r := range line {
			if r < ' ' && r != '\t' || r == 0x7F || r >= utf8.RuneSelf && !isPrintable(r) {
				return "", nil, false
			}
		}
	}
	return header, lines, true
}
