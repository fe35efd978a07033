package external

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParseReply: whatever a plugin writes is a reply that fits its operation, or
// a short printable error.
func FuzzParseReply(f *testing.F) {
	for _, line := range []string{
		`{"key":"AAECAwQFBgcICQoLDA0ODw=="}`, `{"done":true}`, `{}`, `{"error":{"code":"no_key","message":"\u001b[31mx"}}`,
		`{"prompt":{"text":"Password","secret":true}}`, `{"key":"c2hvcnQ=","done":true}`, `null`, `[`, "\x00", `{"KEY":1e999}`,
	} {
		for _, op := range []string{"load", "save", "delete", "describe"} {
			f.Add(op, []byte(line))
		}
	}
	f.Fuzz(func(t *testing.T, op string, line []byte) {
		op = op[:min(len(op), 20)] // the plugin does not choose it, and the error shows it whole
		r, err := parseReply(op, line)
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T is no *Error", err)
		}
		for _, text := range []string{errorText(err), messageOf(r)} {
			if len(text) > 4*maxText+200 || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\a\b\x1b\x7f\n\r") {
				t.Fatalf("shown as %q", text)
			}
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func messageOf(r Reply) string {
	if r.Error == nil {
		return ""
	}
	return r.Error.Message
}
