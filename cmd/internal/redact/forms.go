package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
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

// Compile makes the automaton that finds the values in all their forms. Values
// that [Worth] rejects are not found.
func Compile(values []string) *Patterns {
	forms := map[string]bool{}
	add := func(text string) {
		if len(text) >= minPattern {
			forms[text] = true
		}
	}
	for _, v := range values {
		if !Worth(v) {
			continue
		}
		variants(v, add)
		lines := strings.FieldsFunc(v, func(r rune) bool { return r == '\n' || r == '\r' })
		if len(lines) < 2 {
			continue
		}
		add(strings.Join(strings.Split(strings.ReplaceAll(v, "\r\n", "\n"), "\n"), "\r\n")) // as a terminal has it
		for _, line := range lines {
			line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "- "))
			if len(line) >= minLine && !strings.HasPrefix(line, "-----") {
				variants(line, add)
			}
		}
	}
	return compile(slices.Sorted(maps.Keys(forms)))
}

// variants adds every form of one text.
func variants(v string, add func(string)) {
	add(v)
	add(strings.TrimSpace(v))
	add(hex.EncodeToString([]byte(v)))
	add(strings.ToUpper(hex.EncodeToString([]byte(v))))
	addBase64(v, add)
	addURL(v, add)
	addJSON(v, add)
	add(strings.ReplaceAll(v, "'", `'\''`))  // sh -x, printf %q
	add(strings.ReplaceAll(v, "'", `'"'"'`)) // Python's shlex
	add(strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(v))
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
