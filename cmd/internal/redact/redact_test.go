package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/cmd/internal/forms"
)

func through(p *Patterns, chunks ...string) string {
	var b bytes.Buffer
	w := p.NewWriter(&b)
	for _, c := range chunks {
		if _, err := w.Write([]byte(c)); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func TestForms(t *testing.T) {
	const secret = `p@ss/w0rd+"é😀'<\ x`
	p := Compile([]string{secret})
	for name, text := range map[string]string{
		"plain":                   secret,
		"hex":                     hex.EncodeToString([]byte(secret)),
		"HEX":                     strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"query":                   url.QueryEscape(secret),
		"path":                    url.PathEscape(secret),
		"quote":                   "p%40ss/w0rd%2B%22%C3%A9%F0%9F%98%80%27%3C%5C%20x",
		"encodeURIComponent":      "p%40ss%2Fw0rd%2B%22%C3%A9%F0%9F%98%80'%3C%5C%20x",
		"small percent":           "p%40ss%2fw0rd%2b%22%c3%a9%f0%9f%98%80%27%3c%5c%20x",
		"userinfo":                url.UserPassword("u", secret).String()[2:],
		"JSON":                    `p@ss/w0rd+\"é😀'<\\ x`,
		"JSON for HTML":           `p@ss/w0rd+\"é😀'\u003c\\ x`,
		"JSON by Python":          `p@ss/w0rd+\"\u00e9\ud83d\ude00'<\\ x`,
		"JSON by PHP":             `p@ss\/w0rd+\"é😀'<\\ x`,
		"a shell":                 `p@ss/w0rd+"é😀'\''<\ x`,
		"repr":                    `p@ss/w0rd+"é😀\'<\\ x`,
		"base64":                  base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 without padding":  base64.RawStdEncoding.EncodeToString([]byte(secret)),
		"base64 for URLs":         base64.URLEncoding.EncodeToString([]byte(secret)),
		"base64 for URLs, no pad": base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		if got := through(p, "<", text, ">"); got != "<"+Mask+">" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestBase64Within hides the value inside the base64 of a longer text. Digits
// that it shares with its neighbours may stay, so the rest must not decode to
// more than the six bits on either side.
func TestBase64Within(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[ -~]{8,20}`).Filter(forms.Worth).Draw(t, "secret")
		before := rapid.StringMatching(`[ -~]{0,7}`).Draw(t, "before")
		after := rapid.StringMatching(`[ -~]{0,7}`).Draw(t, "after")
		p := Compile([]string{secret})
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString([]byte(before + secret + after))
			got := through(p, text)
			first, last := len(before)*8/6, ((len(before)+len(secret))*8+5)/6
			if !strings.Contains(got, Mask) {
				t.Fatalf("%q in %q stays: %q", secret, text, got)
			}
			start := strings.Index(got, Mask)
			end := len(text) - (len(got) - start - len(Mask))
			if start > first+1 || end < last-1 {
				t.Fatalf("of the digits %d to %d of %q those from %d to %d are hidden: %q", first, last, text, start, end, got)
			}
		}
	})
}

// TestChunks gives the same result wherever the chunks begin, and that of a
// search through the whole text.
func TestChunks(t *testing.T) {
	alphabet := rapid.SampledFrom([]string{"a", "b", "ab", "aab", "c"})
	word := rapid.Map(rapid.SliceOfN(alphabet, 1, 6), func(p []string) string { return strings.Join(p, "") })
	rapid.Check(t, func(t *rapid.T) {
		patterns := rapid.SliceOfN(word, 1, 5).Draw(t, "patterns")
		p := compile(patterns)
		chunks := rapid.SliceOf(word).Draw(t, "chunks")
		text := strings.Join(chunks, "")
		if got, want := through(p, chunks...), naive(patterns, text); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
		if got, want := through(p, strings.Split(text, "")...), naive(patterns, text); got != want {
			t.Fatalf("byte by byte %q, want %q", got, want)
		}
	})
}

// naive covers every occurrence of every pattern and masks what hangs together.
func naive(patterns []string, text string) string {
	joined := make([]bool, len(text)+1) // between byte i-1 and byte i there is no border
	covered := make([]bool, len(text))
	for _, p := range patterns {
		for i := 0; i+len(p) <= len(text); i++ {
			if text[i:i+len(p)] == p {
				for j := range p {
					covered[i+j] = true
					joined[i+j] = joined[i+j] || j > 0
				}
			}
		}
	}
	var b strings.Builder
	for i := range text {
		switch {
		case !covered[i]:
			b.WriteByte(text[i])
		case !joined[i]:
			b.WriteString(Mask)
		}
	}
	return b.String()
}

// TestNothingHeldBack shows that text that begins no secret comes at once.
func TestNothingHeldBack(t *testing.T) {
	var b bytes.Buffer
	w := Compile([]string{"hunter22"}).NewWriter(&b)
	for _, step := range []struct{ write, want string }{
		{"password: ", "password: "},
		{"hunt", "password: "},
		{"ing", "password: hunting"},
		{"hunter22", "password: hunting[redacted]"},
		{"hunter2", "password: hunting[redacted]"},
		{"\n", "password: hunting[redacted]hunter2\n"},
	} {
		if n, err := w.Write([]byte(step.write)); n != len(step.write) || err != nil {
			t.Fatal(n, err)
		}
		if b.String() != step.want {
			t.Errorf("after %q: %q, want %q", step.write, &b, step.want)
		}
	}
}

func TestLines(t *testing.T) {
	const pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASC\nQw==\n-----END PRIVATE KEY-----\n"
	p := Compile([]string{pem})
	for text, want := range map[string]string{
		"<" + pem + ">": "<" + Mask + ">",
		"<" + strings.ReplaceAll(pem, "\n", "\r\n") + ">": "<" + Mask + ">",
		"2: 9w0BAQEFAASC|":            "2: " + Mask + "|",
		"-----BEGIN PRIVATE KEY-----": "-----BEGIN PRIVATE KEY-----",
	} {
		if got := through(p, text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(pem))
	for _, width := range []int{64, 76} {
		for line := range strings.SplitSeq(wrap(encoded, width), "\n") {
			if got := through(p, line); len(line) >= 8 && got != Mask {
				t.Errorf("a line of %d: %q", width, got)
			}
		}
	}
}

func wrap(s string, width int) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + "\n")
		s = s[width:]
	}
	return b.String() + s
}

func TestCommonStays(t *testing.T) {
	if got := through(Compile([]string{"true", ""}), "it is true"); got != "it is true" {
		t.Errorf("%q", got)
	}
}

// TestJSONNested hides a value in JSON that a Go program prints.
func TestJSONNested(t *testing.T) {
	const secret = "tab\tquote\"amp&line\nend"
	text, err := json.Marshal(map[string]string{"password": secret})
	if err != nil {
		t.Fatal(err)
	}
	if got := through(Compile([]string{secret}), string(text)); got != `{"password":"`+Mask+`"}` {
		t.Errorf("%s", got)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteError(t *testing.T) {
	w := Compile([]string{"hunter22"}).NewWriter(brokenWriter{})
	if n, err := w.Write([]byte("text")); n != 0 || !errors.Is(err, errBroken) {
		t.Errorf("%d, %v", n, err)
	}
	if err := w.Close(); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

func BenchmarkWrite(b *testing.B) {
	var values []string
	for i := range 50 {
		values = append(values, hex.EncodeToString([]byte(strings.Repeat(string(rune('a'+i%26)), 5+i))))
	}
	p := Compile(values)
	text := []byte(strings.Repeat("2024-01-31 12:00:00 INFO request finished status=200 path=/api/items\n", 500))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		w := p.NewWriter(bytes.NewBuffer(make([]byte, 0, len(text)*2)))
		if _, err := w.Write(text); err != nil {
			b.Fatal(err)
		}
	}
}
