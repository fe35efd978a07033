package forms_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/cmd/internal/forms"
)

func TestWorth(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "abc": false, "true": false, "True": false, "localhost": false, "5432": false, "22:22": false, "1.10": false,
		"----": false, "    ": false, " abc ": false, "aaaa": false,
		"abcd": true, "123456": true, "hunter22": true, "äö": true, "tr0e": true, "2024-01-31": true,
	} {
		if forms.Worth(value) != want {
			t.Errorf("%q: %v, want %v", value, !want, want)
		}
	}
}

func TestWeak(t *testing.T) {
	for value, weak := range map[string]bool{
		"": true, "hunter2": true, "hunter22": false, "  hunter2  ": true, "true": true, "localhost": true, "LOCALHOST": true,
		"username": true, "Production": true, "correcthorsebattery": false, "correct horse battery staple": false,
		"20240131": true, "2024-01-31": true, "192.168.100.200": true, "127.0.0.1:5432": true, "4929381748572910": false,
		"aaaaaaaaaaaa": true, "abababababab": true, "--------": true, "0000-0000-0000": true,
		"s3cr3t-t0ken": false, "passwörter": true, "пароль-секрет1": false, "\xff\xfe\x00\x01abcdef": false, "db.example.com": false,
	} {
		if got := forms.Weak(value); (got != "") != weak {
			t.Errorf("%q: %q", value, got)
		}
	}
}

func TestLines(t *testing.T) {
	for value, want := range map[string][]string{
		"one line alone":                          nil,
		"first line\nsecond line\n":               {"first line", "second line"},
		"- an item of a list\n- b\n":              {"an item of a list"},
		"-----BEGIN KEY-----\r\nMIIEvQIBADAN\r\n": {"MIIEvQIBADAN"},
	} {
		if got := forms.Lines(value); !slices.Equal(got, want) {
			t.Errorf("%q: %q", value, got)
		}
	}
}

// TestEachKeeps leaves lines out, but never the value.
func TestEachKeeps(t *testing.T) {
	var plain []string
	forms.Each("a line of text\nanother line", func(line string) bool { return line != "another line" }, func(text string, kind forms.Kind) {
		if kind == forms.Plain {
			plain = append(plain, text)
		}
	})
	if !slices.Contains(plain, "a line of text\nanother line") || !slices.Contains(plain, "a line of text") || slices.Contains(plain, "another line") {
		t.Errorf("%q", plain)
	}
}

// What the views give is what was written in them, at any place of a longer text.
func TestViews(t *testing.T) {
	const value = "p@ss/w0rd %41 ü 5%\nanother line"
	collect := func(each func(string, func(string) bool, func(string, forms.Kind))) (all []string) {
		each(value, nil, func(text string, _ forms.Kind) { all = append(all, text) })
		return all
	}
	if wide := collect(forms.Wide); !slices.Contains(wide, "a\x00n\x00o\x00t\x00h\x00e\x00r\x00 \x00l\x00i\x00n\x00e") {
		t.Errorf("%q", wide)
	}
	var wide []string
	forms.Wide("złoty", nil, func(text string, _ forms.Kind) { wide = append(wide, text) })
	if want := []string{"z\x00\x42\x01o\x00t\x00y", "z\x01\x42\x00o\x00t\x00y"}; !slices.Equal(wide, want) {
		t.Errorf("%q, want %q", wide, want)
	}
	unescaped := collect(forms.Unescaped)
	for _, want := range []string{value, "another line", "another+line", "p@ss/w0rd A ü 5%\nanother line", "p@ss/w0rd A ü 5%"} {
		if !slices.Contains(unescaped, want) {
			t.Errorf("%q is not in %q", want, unescaped)
		}
	}
	joined := collect(forms.Joined)
	for before := range 4 {
		text := base64.StdEncoding.EncodeToString([]byte("abcd"[:before] + "another line" + "xyz"))
		if !slices.ContainsFunc(joined, func(core string) bool { return strings.Contains(text, core) }) {
			t.Errorf("%q has none of %q", text, joined)
		}
	}
	for _, none := range []string{"", "\xff\xfe"} {
		forms.Wide(none, nil, func(text string, _ forms.Kind) { t.Errorf("%q gives %q", none, text) })
	}
}
