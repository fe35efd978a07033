package search_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/cmd/internal/search"
)

// all is every place that a set finds, as text, sorted.
func all(s *search.Set, text []byte) []string {
	var out []string
	s.Find(text, func(pattern, at int) bool {
		out = append(out, fmt.Sprint(pattern, " ", at))
		return true
	})
	slices.Sort(out)
	return out
}

// naive is the same by bytes.Index.
func naive(patterns []string, text []byte) []string {
	var out []string
	for i, p := range patterns {
		for at := 0; p != "" && at <= len(text); at++ {
			next := bytes.Index(text[at:], []byte(p))
			if next < 0 {
				break
			}
			at += next
			out = append(out, fmt.Sprint(i, " ", at))
		}
	}
	slices.Sort(out)
	return out
}

func TestFind(t *testing.T) {
	for _, patterns := range [][]string{
		nil, {""}, {"a"}, {"a", "a"}, {"ab", "b", "ab"}, {"aaa", "aa", "a"},
		{"longer than the beginnings are", "longer than the b", "than"},
		{"abcdefgh", "abcdefghi", "cdefghij", "bcdefgh"},
	} {
		s := search.New(patterns)
		for _, text := range []string{"", "a", "aaaa", "abab", "xlonger than the beginnings are", "longer than the beginning", "abcdefghij"} {
			if got, want := all(s, []byte(text)), naive(patterns, []byte(text)); !slices.Equal(got, want) {
				t.Errorf("%q in %q: %q, want %q", patterns, text, got, want)
			}
		}
	}
}

func TestAllBytes(t *testing.T) {
	var patterns []string
	var text []byte
	for b := range 256 {
		patterns = append(patterns, string([]byte{byte(b), byte(b + 1)}))
		text = append(text, byte(b))
	}
	if got, want := all(search.New(patterns), text), naive(patterns, text); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFindStops(t *testing.T) {
	n := 0
	search.New([]string{"a"}).Find([]byte("aaa"), func(int, int) bool { n++; return n < 2 })
	if n != 2 {
		t.Errorf("called %d times", n)
	}
}

// TestAgainstIndex compares with bytes.Index over texts in which much overlaps.
func TestAgainstIndex(t *testing.T) {
	alphabet := rapid.SampledFrom([]string{"a", "b", "ab", "aab", "\n", "abababababab", "\x00", "\xff"})
	word := rapid.Map(rapid.SliceOfN(alphabet, 1, 6), func(p []string) string { return strings.Join(p, "") })
	rapid.Check(t, func(t *rapid.T) {
		patterns := rapid.SliceOfN(word, 0, 8).Draw(t, "patterns")
		text := []byte(strings.Join(rapid.SliceOf(word).Draw(t, "text"), ""))
		if got, want := all(search.New(patterns), text), naive(patterns, text); !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

// TestSkips is the same for patterns that are long enough for text to be skipped.
func TestSkips(t *testing.T) {
	word := rapid.StringMatching(`[ab]{8,20}|[a-f]{8,12}|abcdefgh[ab]`)
	noise := rapid.StringMatching(`[ab]{0,9}|[a-h]{0,12}|[x-z]{0,40}`)
	rapid.Check(t, func(t *rapid.T) {
		patterns := rapid.SliceOfN(word, 1, 8).Draw(t, "patterns")
		var text []byte
		for range rapid.IntRange(0, 8).Draw(t, "pieces") {
			text = append(text, noise.Draw(t, "noise")...)
			text = append(text, rapid.SampledFrom(patterns).Draw(t, "pattern")...)
		}
		if got, want := all(search.New(patterns), text), naive(patterns, text); !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

// FuzzFind compares with bytes.Index. The patterns are separated by NUL.
func FuzzFind(f *testing.F) {
	f.Add([]byte("he\x00she\x00his\x00hers"), []byte("ushers"))
	f.Add([]byte("abcdefghi\x00bcdefgh\x00\xff"), []byte("xabcdefghi\xff"))
	f.Fuzz(func(t *testing.T, joined, text []byte) {
		if len(joined) > 1<<10 || len(text) > 1<<12 {
			return
		}
		patterns := strings.Split(string(joined), "\x00")
		long := slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return len(p) < 8 })
		for _, patterns := range [][]string{patterns, long} { // long ones let it skip text
			if got, want := all(search.New(patterns), text), naive(patterns, text); !slices.Equal(got, want) {
				t.Errorf("%q in %q: %q, want %q", patterns, text, got, want)
			}
		}
	})
}

// TestReader finds what lies across the borders of its chunks, once, with the line.
func TestReader(t *testing.T) {
	patterns := []string{"needle-in-the-haystack", "needle", "\nneedle"}
	var text bytes.Buffer
	for i := 0; text.Len() < 3<<20; i++ {
		text.WriteString(strings.Repeat("hay ", i%5000))
		text.WriteString("needle-in-the-haystack\n")
		text.WriteString("needle")
	}
	var want []string
	for i, p := range patterns {
		for at := 0; ; at++ {
			next := bytes.Index(text.Bytes()[at:], []byte(p))
			if next < 0 {
				break
			}
			at += next
			want = append(want, fmt.Sprint(search.Place{Pattern: i, Offset: int64(at), End: int64(at + len(p)), Line: 1 + bytes.Count(text.Bytes()[:at], []byte("\n"))}))
		}
	}
	slices.Sort(want)
	r := search.New(patterns).NewReader()
	for range 2 { // a reader is used again
		var got []string
		n, err := r.Find(iotest.HalfReader(bytes.NewReader(text.Bytes())), func(p search.Place) bool {
			got = append(got, fmt.Sprint(p))
			return true
		})
		slices.Sort(got)
		if err != nil || n != int64(text.Len()) || !slices.Equal(got, want) {
			t.Fatalf("%d of %d bytes, %v, %d places of %d", n, text.Len(), err, len(got), len(want))
		}
	}
	if _, err := r.Find(iotest.ErrReader(os.ErrClosed), nil); err == nil {
		t.Error("a reader that fails is no error")
	}
}

// BenchmarkFind looks for 300 patterns in the source of net/http.
func BenchmarkFind(b *testing.B) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(goroot)), "src/net/http/*.go"))
	if err != nil || len(files) == 0 {
		b.Fatal("no source", err)
	}
	var text []byte
	for _, f := range files {
		t, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		text = append(text, t...)
	}
	var patterns []string
	for i := range 300 {
		patterns = append(patterns, fmt.Sprintf("%x-some-secret-%x", i*2654435761, i))
	}
	s := search.New(patterns)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Find(text, func(int, int) bool { return true })
	}
}
