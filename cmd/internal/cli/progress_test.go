package cli

import (
	"strings"
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	const mib = 1 << 20
	for _, test := range []struct {
		done, total int64
		took        time.Duration
		want        string
	}{
		{0, 100 * mib, 0, "encrypting [------------------------------]   0 %  0 MiB/s  0s left"},
		{50 * mib, 100 * mib, 2 * time.Second, "encrypting [###############---------------]  50 %  25 MiB/s  2s left"},
		{100 * mib, 100 * mib, time.Second, "encrypting [##############################] 100 %  100 MiB/s  0s left"},
		{70 * mib, -1, time.Second, "encrypting 70 MiB  70 MiB/s"},
		{110 * mib, 100 * mib, time.Second, "encrypting 110 MiB  110 MiB/s"}, // it grew
	} {
		if got := progressLine("encrypting", test.done, test.total, test.took); got != test.want {
			t.Errorf("%d of %d: %q, want %q", test.done, test.total, got, test.want)
		}
	}
}

// TestTextWriter cuts text at each place.
func TestTextWriter(t *testing.T) {
	for text, isIt := range map[string]bool{
		"": true, "plain": true, "für alle ‰ 🔑\n": true, "\x1b[2J": true,
		"a\xff": false, "a\x00b": false, "a\xc3": false, "\xf0\x9f\x94": false,
	} {
		for cut := range len(text) + 1 {
			var shown strings.Builder
			w := textWriter{to: &shown}
			for _, part := range []string{text[:cut], text[cut:]} {
				if _, err := w.Write([]byte(part)); err != nil {
					t.Fatal(err)
				}
			}
			if got := !w.binary && len(w.rest) == 0; got != isIt || isIt && shown.String() != sanitize(text) {
				t.Errorf("%q cut at %d: text %v, shown as %q", text, cut, got, &shown)
			}
		}
	}
}
