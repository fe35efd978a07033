package forms

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// minPattern is how short a pattern can be, in bytes. Shorter ones would be
	// found everywhere.
	minPattern = 4
	// minLine is the same for one line of a value that has several.
	minLine = 8
)

// Kind names a group of forms.
type Kind string

// The kinds of forms. Where two give the same text, it is of the first.
const (
	Plain   Kind = "plain"
	Base64  Kind = "base64"
	Hex     Kind = "hex"
	URL     Kind = "URL-escaped"
	JSON    Kind = "JSON-escaped"
	Escaped Kind = "escaped" // for a shell or a programming language
	UTF16   Kind = "UTF-16"
)

// Each calls add with every form of a value: the value itself, and each of its
// [Lines] that keep accepts; nil accepts all. A text may come more than once.
func Each(value string, keep func(line string) bool, add func(text string, kind Kind)) {
	long := func(text string, kind Kind) {
		if len(text) >= minPattern {
			add(text, kind)
		}
	}
	parts(value, keep, func(text string) { variants(text, long) })
	if Lines(value) != nil {
		long(strings.Join(strings.Split(strings.ReplaceAll(value, "\r\n", "\n"), "\n"), "\r\n"), Plain) // as a terminal has it
	}
}

// parts are a value, and each of its lines that keep accepts.
func parts(value string, keep func(line string) bool, each func(text string)) {
	each(value)
	for _, line := range Lines(value) {
		if keep == nil || keep(line) {
			each(line)
		}
	}
}

// Lines are the lines of a value that are long enough to be found alone, without
// what is around them. A value of one line has none.
func Lines(value string) []string {
	all := strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' })
	if len(all) < 2 {
		return nil
	}
	lines := []string{}
	for _, line := range all {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "- "))
		if len(line) >= minLine && !strings.HasPrefix(line, "-----") {
			lines = append(lines, line)
		}
	}
	return lines
}

// variants adds every form of one text.
func variants(v string, add func(string, Kind)) {
	as := func(kind Kind) func(string) { return func(text string) { add(text, kind) } }
	add(v, Plain)
	add(strings.TrimSpace(v), Plain)
	add(hex.EncodeToString([]byte(v)), Hex)
	add(strings.ToUpper(hex.EncodeToString([]byte(v))), Hex)
	addBase64(v, as(Base64))
	addURL(v, as(URL))
	addJSON(v, as(JSON))
	add(strings.ReplaceAll(v, "'", `'\''`), Escaped)  // sh -x, printf %q
	add(strings.ReplaceAll(v, "'", `'"'"'`), Escaped) // Python's shlex
	escaped := strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(v)
	add(escaped, Escaped)
}

// addBase64 adds what v becomes within the base64 of a longer text. There it can
// begin at each of three places in a group of three bytes, and its first and last
// digits can depend on its neighbours; those are left out. The forms in which v
// is the end of the text have these, with and without padding.
func addBase64(v string, add func(string)) {
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for before := range 3 {
			padded := enc.EncodeToString([]byte(strings.Repeat("\x00", before) + v))
			skip := (before*8 + 5) / 6 // digits that the bytes before have a part in
			whole := (before + len(v)) * 8 / 6
			add(padded[skip:whole])
			add(strings.TrimRight(padded, "=")[skip:])
			add(padded[skip:])
		}
		wrapped := enc.EncodeToString([]byte(v))
		for _, width := range []int{64, 76} { // openssl's and base64's lines
			if len(wrapped) <= width {
				continue
			}
			for line := range slices.Chunk([]byte(wrapped), width) {
				if len(line) >= minLine {
					add(string(line))
				}
			}
		}
	}
}

// addURL adds the percent encodings in use, which differ in what they leave as
// it is.
func addURL(v string, add func(string)) {
	for _, form := range []string{
		url.QueryEscape(v),
		url.PathEscape(v),
		percent(v, "-_.~"),      // RFC 3986, Python's quote(safe="")
		percent(v, "-_.~/"),     // Python's quote
		percent(v, "-_.!~*'()"), // JavaScript's encodeURIComponent
		(&url.URL{User: url.UserPassword("", v)}).User.String()[1:],
	} {
		add(form)
		add(lowerHex(form))
	}
}

// percent escapes every byte but letters, digits and those in keep.
func percent(v, keep string) string {
	var b strings.Builder
	for i := range len(v) {
		switch c := v[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', strings.IndexByte(keep, c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// lowerHex writes the digits after each percent sign small.
func lowerHex(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], strings.ToLower(s[i+1:i+3]))
		}
	}
	return string(b)
}

// addJSON adds what JSON encoders make of v, without the quotes around it.
func addJSON(v string, add func(string)) {
	if !utf8.ValidString(v) {
		return
	}
	for _, html := range []bool{true, false} {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(html)
		if e.Encode(v) != nil {
			return
		}
		text := strings.TrimSuffix(b.String(), "\n")
		text = text[1 : len(text)-1]
		add(text)
		add(strings.ReplaceAll(text, "/", `\/`)) // PHP's
		add(ascii(text))                         // Python's
	}
}

// ascii writes every other character as \uXXXX, in UTF-16.
func ascii(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r > 0xFFFF:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
