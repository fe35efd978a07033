package search_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/flask-vault/flask-vault/cmd/internal/search"
)

func views(values ...string) search.Views {
	var cores []string
	for _, v := range values {
		cores = append(cores, base64.StdEncoding.EncodeToString([]byte(v))[:len(v)*8/6])
	}
	return search.Views{search.Unescaped: search.New(values), search.Joined: search.New(cores)}
}

func places(t *testing.T, v search.Views, text string) (all []search.Place) {
	t.Helper()
	if _, err := v.NewReader().Find(strings.NewReader(text), func(p search.Place) bool { all = append(all, p); return true }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestUnescaped(t *testing.T) {
	const value = `p@ss/w0rd "ü😀\+`
	v := views(value)
	for name, written := range map[string]string{
		"JSON":                     `p@ss/w0rd \"ü😀\\+`,
		"JSON in ASCII":            `p@ss/w0rd \"\u00fc\ud83d\ude00\\+`,
		"PHP":                      `p@ss\/w0rd \"\u00fc\ud83d\ude00\\+`,
		"capital digits":           `p@ss\/w0rd \u0022\u00FC\uD83D\uDE00\u005C+`,
		"all of it":                `\u0070\u0040\u0073\u0073\u002f\u0077\u0030\u0072\u0064\u0020\u0022\u00fc\ud83d\ude00\u005c\u002b`,
		"JavaScript":               `p@ss/w0rd \x22\u{fc}\u{1F600}\\+`,
		"Python":                   `p@ss/w0rd \"\xc3\xbc\U0001F600\\+`,
		"C":                        `p@ss\57w0rd \"\303\274\360\237\230\200\\+`,
		"a shell":                  `p@ss/w0rd\ \"ü😀\\+`,
		"a URL":                    `p%40ss%2Fw0rd%20%22%C3%BC%F0%9F%98%80%5C%2B`,
		"a URL, small and capital": `p%40ss%2fw0rd%20%22%c3%BC%F0%9f%98%80%5C%2b`,
		"a URL, all of it":         percentAll(value),
	} {
		for _, around := range [][2]string{{"", ""}, {"x\n{\"a\": \"", "\"}"}, {`\`, `\`}, {"%", "%4"}, {`\\`, `\\`}, {"\\\n", "\\u00"}, {`C:\new\`, `%zz`}} {
			text := around[0] + written + around[1]
			if strings.HasSuffix(around[0], `\`) && around[0] != `\\` && written[0] == '\\' {
				continue // that is an escaped backslash, and then the rest
			}
			got := places(t, v, text)
			want := search.Place{View: search.Unescaped, Offset: int64(len(around[0])), End: int64(len(around[0]) + len(written)), Line: 1 + strings.Count(around[0], "\n")}
			if len(got) != 1 || got[0] != want {
				t.Errorf("%s, in %q: %+v, want %+v", name, text, got, want)
			}
		}
	}
	if got := places(t, v, "as it is: "+value); len(got) > 0 {
		t.Errorf("as it is: %+v", got)
	}
}

func percentAll(v string) string {
	var b strings.Builder
	for i := range len(v) {
		fmt.Fprintf(&b, "%%%02x", v[i])
	}
	return b.String()
}

func TestJoined(t *testing.T) {
	const value = "correct horse battery staple, and some more of it"
	v := views(value)
	encoded := base64.StdEncoding.EncodeToString([]byte(value))
	core := len(value) * 8 / 6
	for width := 1; width < core; width++ {
		for _, between := range []string{"\n", "\r\n", "\n    ", "\r\n\t", " \n", "\n\n"} {
			if width < 4 && len(between) > 2 {
				continue
			}
			var lines []string
			for i := 0; i < len(encoded); i += width {
				lines = append(lines, encoded[i:min(i+width, len(encoded))])
			}
			for _, around := range [][2]string{{"", ""}, {"key: |\n", between + "next: 1\n"}, {"data = \"", "\"\n"}, {"\n\n\n", "\n"}} {
				text := around[0] + strings.Join(lines, between) + around[1]
				got := places(t, v, text)
				if len(got) != 1 || got[0].View != search.Joined || got[0].Offset != int64(len(around[0])) || got[0].Line != 1+strings.Count(around[0], "\n") {
					t.Fatalf("%d columns: %q: %+v", width, text, got)
				}
			}
		}
	}
	for _, text := range []string{encoded, encoded + "\n", encoded[:20] + "\n# " + encoded[20:], encoded[:20] + " " + encoded[20:]} {
		if got := places(t, v, text); len(got) > 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// A value is found wherever it is cut by the border of what is read at once.
func TestViewsAcrossChunks(t *testing.T) {
	const value = "correct/horse+battery/staple"
	v := views(value)
	escaped := strings.NewReplacer("/", `\/`, "+", `\u002B`, "o", `\u006f`).Replace(value)
	encoded := base64.StdEncoding.EncodeToString([]byte(value))
	wrapped := strings.Join([]string{encoded[:10], encoded[10:20], encoded[20:]}, "\r\n")
	for _, written := range []string{escaped, wrapped} {
		for before := 255 << 10; before < 257<<10; before += 7 {
			text := strings.Repeat(".", before) + written + strings.Repeat(".", 300<<10)
			if got := places(t, v, text); len(got) != 1 || got[0].Offset != int64(before) {
				t.Fatalf("%q behind %d bytes: %+v", written, before, got)
			}
		}
	}
}

// Texts that are all escapes or line ends take no longer than others.
func TestViewsAreLinear(t *testing.T) {
	v := views("correct horse battery staple", strings.Repeat("a long value, ", 200))
	for name, piece := range map[string]string{
		"backslashes": `\`, "line ends": "\n", "CRLF": "\r\n", "escapes": `\n`, "base64": "A\n", "one digit": "\n\n\nA", "percent": "%4", "spaces": " ", "u": `\u{`, "long lines": strings.Repeat("A", 1000) + "\n",
	} {
		r := v.NewReader()
		start := time.Now()
		if _, err := r.Find(strings.NewReader(strings.Repeat(piece, (1<<20)/len(piece))), func(search.Place) bool { return true }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 5*time.Second { // a thousand times what it takes
			t.Errorf("a megabyte of %s takes %v", name, took)
		}
	}
}

// FuzzViews writes a value in some way and wants it found.
func FuzzViews(f *testing.F) {
	f.Add("p@ss/w0rd 😀", "before\\", "after%", uint64(1))
	f.Fuzz(func(t *testing.T, value, before, after string, seed uint64) {
		if len(value) < 8 || len(value) > 200 || len(before)+len(after) > 1000 {
			return
		}
		rnd := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // no secret
		var written strings.Builder
		escapes := 0
		for _, c := range value {
			switch n := rnd.IntN(4); {
			case c == 0xFFFD || n > 1 && c != '\\' && c != '%':
				written.WriteRune(c)
			case n == 0 || c == '%' || c > 0xFFFF:
				for _, u := range utf16.Encode([]rune{c}) {
					fmt.Fprintf(&written, `\u%04X`, u)
				}
				escapes++
			default:
				for _, b := range []byte(string(c)) {
					fmt.Fprintf(&written, "%%%02X", b)
				}
				escapes++
			}
		}
		if escapes == 0 || strings.ContainsRune(value, 0xFFFD) {
			return
		}
		// What is before must not take a part of it for its own escape.
		text := before + "\n" + written.String() + "\n" + after
		found := false
		for _, p := range places(t, search.Views{search.Unescaped: search.New([]string{value})}, text) {
			found = found || p.Offset == int64(len(before)+1) && p.End == int64(len(before)+1+written.Len())
		}
		if !found {
			t.Errorf("%q is not found in %q", value, text)
		}
	})
}

// BenchmarkViews looks through what has escapes, base64 and neither.
func BenchmarkViews(b *testing.B) {
	v := views("correct/horse+battery/staple", "value-17-of-9a8b7c6d5e4f3a2b")
	for name, text := range map[string]string{
		"source": strings.Repeat("\tif err := f(x, \"a\\n\"); err != nil {\n\t\treturn fmt.Errorf(\"%w: of 20%% of it\", err)\n\t}\n", 5000),
		"prose":  strings.Repeat("the quick brown fox jumps over the lazy dog\nand goes on to another one and so on\n", 5000),
		"base64": strings.Repeat("TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsuIFRoZSBxdWljayBicm93biBmb3gganVtcHMg\n", 5000),
	} {
		b.Run(name, func(b *testing.B) {
			r := v.NewReader()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := r.Find(bytes.NewReader([]byte(text)), func(search.Place) bool { return true }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
