package forms

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Wide is [Each] for texts in UTF-16 of either byte order.
func Wide(value string, keep func(line string) bool, add func(text string, kind Kind)) {
	parts(value, keep, func(text string) {
		if !utf8.ValidString(text) {
			return
		}
		var little, big []byte
		for _, u := range utf16.Encode([]rune(text)) {
			little = append(little, byte(u), byte(u>>8))
			big = append(big, byte(u>>8), byte(u))
		}
		if len(little) == 0 {
			return
		}
		// Of a character of ASCII one byte is 0. Without the outer ones both are the same.
		add(strings.Trim(string(little), "\x00"), UTF16)
		add(strings.Trim(string(big), "\x00"), UTF16)
	})
}

// Unescaped is [Each] for texts whose escapes were undone, of strings and of URLs at
// once: the value, its base64 as far as that is ever escaped, and what becomes of it
// where it looks like an escape itself.
func Unescaped(value string, keep func(line string) bool, add func(text string, kind Kind)) {
	parts(value, keep, func(text string) {
		add(text, Escaped)
		add(strings.TrimSpace(text), Escaped)
		add(strings.ReplaceAll(text, " ", "+"), Escaped) // of a form
		add(withoutPercent(text), Escaped)
		cores(text, base64.StdEncoding, func(core string) {
			if strings.ContainsAny(core, "+/") {
				add(core, Base64)
			}
		})
	})
}

// withoutPercent undoes what looks like a percent escape, and leaves the rest.
func withoutPercent(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		if text[0] == '%' && len(text) > 2 {
			if c, err := hex.DecodeString(text[1:3]); err == nil {
				b.Write(c)
				text = text[3:]
				continue
			}
		}
		b.WriteByte(text[0])
		text = text[1:]
	}
	return b.String()
}

// Joined is [Each] for texts in whose base64 the line breaks were taken out.
func Joined(value string, keep func(line string) bool, add func(text string, kind Kind)) {
	parts(value, keep, func(text string) {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			cores(text, enc, func(core string) { add(core, Base64) })
		}
	})
}

// cores are the digits that a text gives at each of three places in a longer one,
// without those that its neighbours have a part in.
func cores(text string, enc *base64.Encoding, add func(string)) {
	for before := range 3 {
		digits := enc.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
		add(digits[(before*8+5)/6 : (before+len(text))*8/6])
	}
}
