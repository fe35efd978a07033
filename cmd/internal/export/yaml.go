package export

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxYAMLKey is how many characters a key can have in "key: value".
const maxYAMLKey = 1024

// writeYAML writes one mapping, flat, in the entries' order. Everything stands
// in double quotes, so that no reader takes it for a number or a bool.
func writeYAML(b *bytes.Buffer, entries []Entry, _ Options) error {
	if len(entries) == 0 {
		b.WriteString("{}\n")
	}
	for _, e := range entries {
		if !utf8.ValidString(e.Value.Reveal()) {
			return &ValueError{Key: e.Key, Msg: notUTF8.Error()}
		}
		name := yamlString(e.Name)
		if len(name) > maxYAMLKey {
			return &NameError{Name: e.Name, Msg: "the name is too long for a key in YAML"}
		}
		fmt.Fprintf(b, "%s: %s\n", name, yamlString(e.Value.Reveal()))
	}
	return nil
}

// yamlString quotes valid UTF-8. What YAML 1.1 or 1.2 does not print, folds as
// a line end or takes for a mark is escaped.
func yamlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case ' ' <= r && r <= '~':
			b.WriteRune(r)
		case r < 0xA0:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r == 0x2028 || r == 0x2029 || r == 0xFEFF || isNoncharacter(r):
			if r > 0xFFFF {
				fmt.Fprintf(&b, `\U%08x`, r)
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
