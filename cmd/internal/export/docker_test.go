package export

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestDockerRules reads as pkg/kvfile of github.com/docker/cli does: lines by
// bufio.Scanner, a byte order mark before the first, white space before each
// dropped, # for comments, and all behind the first = the value.
func TestDockerRules(t *testing.T) {
	roundTrip(t, "docker", dockerCarries, func(t *testing.T, text []byte) map[string]string {
		got := map[string]string{}
		scanner := bufio.NewScanner(bytes.NewReader(text))
		for n := 0; scanner.Scan(); n++ {
			line := scanner.Bytes()
			if !utf8.Valid(line) {
				t.Fatalf("line %d is not UTF-8", n+1)
			}
			if n == 0 {
				line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			}
			entry := strings.TrimLeft(string(line), " \t\n\v\f\r\u0085\u00a0")
			if entry == "" || strings.HasPrefix(entry, "#") {
				t.Errorf("line %d is no variable: %q", n+1, line)
			}
			name, value, ok := strings.Cut(entry, "=")
			if !ok || strings.ContainsAny(name, " \t") {
				t.Errorf("line %d is refused: %q", n+1, line)
			}
			got[name] = value
		}
		if err := scanner.Err(); err != nil {
			t.Error(err)
		}
		return got
	})
}
