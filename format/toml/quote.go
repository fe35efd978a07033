package toml

import "strings"

// quoteKey writes one part of a key, in quotes if it needs them.
func quoteKey(name string) string {
	if name == "" {
		return `""`
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return quote(name)
		}
	}
	return name
}

// keys lists ways to write a name, the best one first: with its dots as those of
// a dotted key, and as one part.
func keys(name string) []string {
	var all []string
	for _, parts := range keyParts(name) {
		for i, part := range parts {
			parts[i] = quoteKey(part)
		}
		all = append(all, strings.Join(parts, "."))
	}
	return all
}

// keyParts are the parts of each of these ways.
func keyParts(name string) [][]string {
	whole := []string{name}
	if !strings.Contains(name, ".") || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") {
		return [][]string{whole}
	}
	return [][]string{strings.Split(name, "."), whole}
}

// candidates lists ways to write a value, the best one first. Old is the value
// that it replaces, or "". Lines of their own are for a text whose line breaks are
// line feeds: TOML leaves it to the reader what another line break in quotes is.
func candidates(value, old, newline string, inline bool) []string {
	var forms []string
	if !inline && newline == "\n" && strings.Count(strings.TrimSuffix(value, "\n"), "\n") > 0 {
		forms = append(forms, `"""`+"\n"+escape(value, true)+`"""`)
	}
	if strings.HasPrefix(old, "'") && isLiteral(value) {
		forms = append(forms, "'"+value+"'")
	}
	return append(forms, quote(value))
}

// isLiteral says whether text can stand in single quotes.
func isLiteral(text string) bool {
	for _, r := range text {
		if r == '\'' || needsEscape(r) {
			return false
		}
	}
	return true
}

func quote(text string) string { return `"` + escape(text, false) + `"` }

// escape writes text as it stands in double quotes, or in three of them.
func escape(text string, multiline bool) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == '"':
			b.WriteString(`\"`)
		case r == '\n' && multiline, r == '\t' && multiline:
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case needsEscape(r):
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[r>>shift&0xF])
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// needsEscape takes control characters and what does not show.
func needsEscape(r rune) bool {
	return r < ' ' || 0x7F <= r && r <= 0xA0 || r == 0xAD || 0x200B <= r && r <= 0x200F || 0x2028 <= r && r <= 0x202E ||
		r == 0xFEFF || r == 0xFFFE || r == 0xFFFF
}
