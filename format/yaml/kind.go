package yaml

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
)

const quoted = yamllib.SingleQuotedStyle | yamllib.DoubleQuotedStyle | yamllib.LiteralStyle | yamllib.FoldedStyle

// tagged says whether a tag is written at the node. The parser fills in Tag for
// the others, by rules that are not YAML 1.1's.
func tagged(n *node) bool { return n.Style&yamllib.TaggedStyle != 0 }

// kindOf says what a node that is no alias is. It returns 0xFF for a tag that
// stands for nothing that a document can hold.
func kindOf(n *node) format.Kind {
	if n.Kind == yamllib.ScalarNode {
		return scalarKind(n)
	}
	kind := format.Mapping
	if n.Kind == yamllib.SequenceNode {
		kind = format.Sequence
	}
	if !tagged(n) {
		return kind
	}
	switch n.Tag {
	case "!!map", "!!set":
		if kind == format.Mapping {
			return kind
		}
	case "!!seq", "!!omap", "!!pairs":
		if kind == format.Sequence {
			return kind
		}
	}
	return kindUnknown
}

const kindUnknown format.Kind = 0xFF

func scalarKind(n *node) format.Kind {
	if n.Tag == "!" { // "resolve as if it were plain", says PyYAML
		return plainKind(n.Value)
	}
	if !tagged(n) {
		if n.Style&quoted != 0 {
			return format.String
		}
		return plainKind(n.Value)
	}
	switch n.Tag {
	case "!!str":
		return format.String
	case "!!null":
		return format.Null
	case "!!bool":
		return format.Bool
	case "!!int":
		return format.Int
	case "!!float":
		return format.Float
	case "!!timestamp":
		return format.Time
	case "!!binary":
		return format.Binary
	case "!!merge":
		return kindMerge
	case "!!value":
		return kindEquals
	}
	return kindUnknown
}

// badScalar says why a scalar cannot be a value of its kind, or "".
func badScalar(kind format.Kind, text string) string {
	switch kind {
	case kindMerge:
		return "<< stands for a merge; put it in quotes"
	case kindEquals:
		return "a lone = is not a value; put it in quotes"
	case kindUnknown:
		return "unknown tag; put a value that starts with ! in quotes"
	case format.Bool:
		if wordKind(text) != format.Bool && wordKind(strings.ToLower(text)) != format.Bool {
			return "!!bool needs yes, no, true, false, on or off"
		}
	case format.Int:
		return badInt(text)
	case format.Float:
		if !isFloat(text) && !isDecimal(text) {
			return "!!float needs a number"
		}
	case format.Time:
		if t, ok := scanTimestamp(text, false); !ok {
			return "!!timestamp needs a date"
		} else if !t.valid() {
			return "the calendar has no such date or time; put it in quotes if it is text"
		}
	case format.Binary:
		if _, ok := decodeBinary(text); !ok {
			return "!!binary needs base64 of UTF-8 text"
		}
	}
	return ""
}

// maxDigits is how many decimal digits Python turns into a number.
const maxDigits = 4300

// badInt refuses what Python's int refuses, although it looks like a number.
func badInt(text string) string {
	if !isInt(text) && !isInt(strings.TrimSpace(text)) {
		return "!!int needs a number"
	}
	s := strings.ReplaceAll(withoutSign(strings.TrimSpace(text)), "_", "")
	if s == "0b" || s == "0x" {
		return "a number without digits; put it in quotes if it is text"
	}
	if len(s) > maxDigits && s[0] != '0' {
		return "a number of more than 4300 digits; put it in quotes"
	}
	return ""
}

// isDecimal takes what !!float may hold beside the floats of plain scalars: 3, 1e5.
func isDecimal(s string) bool {
	s = strings.ReplaceAll(s, "_", "")
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && !strings.ContainsRune("+-.eE", rune(c)) {
			return false
		}
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil || s != "" && strings.HasSuffix(err.Error(), "value out of range")
}

// decodeBinary decodes base64 as Python's decodebytes does: other characters
// are dropped, and what follows complete padding is ignored.
func decodeBinary(text string) (string, bool) {
	var kept []byte
	for i := range len(text) {
		switch c := text[i]; {
		case c >= utf8.RuneSelf:
			return "", false
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/':
			kept = append(kept, c)
		case c == '=' && len(kept)%4 >= 2:
			if len(kept)%4 == 2 && !strings.Contains(text[i+1:], "=") {
				return "", false
			}
			return decodedText(kept)
		}
	}
	if len(kept)%4 != 0 {
		return "", false
	}
	return decodedText(kept)
}

func decodedText(kept []byte) (string, bool) {
	out, err := base64.RawStdEncoding.DecodeString(string(kept))
	if err != nil || !utf8.Valid(out) {
		return "", false
	}
	return string(bytes.Clone(out)), true
}
