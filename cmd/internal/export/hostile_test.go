package export

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
)

// pieces are what values are put together from: everything that some reader
// takes for something else than itself.
var pieces = []string{
	"a", "B", "0", "_", " ", "  ", "\t", "\n", "\r\n", "\r", "'", `"`, "`", `\`, `\\`, `\n`, `\'`, `\"`, `\$`, `\u0041`, `\x41`,
	"$", "$A", "${A}", "${A:-b}", "$(date)", "`date`", "$$", "%", "%20", "%n", "#", " #", "# ", "=", "!", "!!", "~", "*", "&", "|", ">", "<",
	":", ": ", "- ", "-", "?", "@", "{", "}", "[", "]", ",", ";", "^", "export ", "yes", "null", "0123", "1e3", "<<EOF", "EOF", "---", "...",
	"é", "ß", "漢", "😀", "e\u0301", "\u0085", "\u00a0", "\u2028", "\u2029", "\ufeff", "\u200f", "\u202e", "\ufffd", "\ufffe", "\ufdd0", "\U0001ffff",
	"\x01", "\x07", "\x08", "\x0b", "\x0c", "\x1b[31m", "\x1c", "\x1e", "\x7f", "\u0080", "\u009f", "\x00", "\xff", "\xc3",
}

// fixed are values that are worth a name.
var fixed = []string{
	"", " ", "\n", "'", `"`, `\`, `'"'`, `it's`, `say "hi"`, `C:\new\table`, `\\server\share`, `ends in \`, "two\nlines", "ends in a line end\n",
	"\nbegins with one", "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n", `{"type":"service_account","key":"a\nb"}`,
	"pa$$word", "a#b", "a #b", "#a", "a=b", "=a", " space at both ends ", "tab\tinside", "p@ss!w0rd%&*()", "x'; rm -rf /; '", "$(rm -rf /)",
	"漢字", "😀", strings.Repeat("x", 5000),
}

// hostile are values for one run: the fixed ones and some drawn ones.
func hostile(seed int) []string {
	value := rapid.Map(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 8), func(p []string) string { return strings.Join(p, "") })
	return append(rapid.SliceOfN(value, 250, 250).Example(seed), fixed...)
}

func entries(values []string) []Entry {
	out := make([]Entry, len(values))
	for i, v := range values {
		out[i] = Entry{Key: fmt.Sprintf("key.%d", i), Name: fmt.Sprintf("V%d", i), Value: format.NewValue(format.String, v)}
	}
	return out
}

// roundTrip writes hostile values as the target and compares what read gives
// for the file's text. What the target refuses is left out, but a target that
// refuses what it can carry fails: carries says so for each value.
func roundTrip(t *testing.T, target string, carries func(value string) bool, read func(t *testing.T, text []byte) map[string]string) {
	t.Helper()
	to, ok := ByName(target)
	if !ok {
		t.Fatalf("there is no target %s", target)
	}
	for seed := range 4 {
		var taken []Entry
		for _, e := range entries(hostile(seed)) {
			value := e.Value.Reveal()
			_, err := to.Write([]Entry{e}, Options{Name: "shop"})
			if (err == nil) != carries(value) {
				t.Errorf("%q: %v, but carried is %v", value, err, carries(value))
			}
			if err == nil {
				taken = append(taken, e)
			} else if rest := strings.TrimPrefix(err.Error(), e.Key+": the value "); rest == err.Error() || len(value) > 8 && strings.Contains(rest, value) {
				t.Errorf("%q: the error does not name the key, or shows the value: %v", value, err)
			}
		}
		text, err := to.Write(taken, Options{Name: "shop"})
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, text)
		for _, e := range taken {
			name := e.Name
			if have, ok := got[name]; !ok || have != e.Value.Reveal() {
				one, _ := to.Write([]Entry{e}, Options{Name: "shop"})
				t.Errorf("%q is read as %q (%v) from:\n%s", e.Value.Reveal(), have, ok, one)
			}
		}
		if t.Failed() {
			return
		}
	}
}
