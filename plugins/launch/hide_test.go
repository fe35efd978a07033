package launch

import (
	"strings"
	"testing"
)

func TestKeysAreHidden(t *testing.T) {
	for text, want := range map[string]string{
		"":                                                "",
		"the key is AAECAwQFBgcICQoLDA0ODw==":             "the key is [redacted]",
		"key=AAECAwQFBgcICQoLDA0ODw== is bad":             "key=[redacted] is bad",
		"\"_-ECAwQFBgcICQoLDA0ODw==\"":                    "\"[redacted]\"",
		"000102030405060708090a0b0c0d0e0f":                "[redacted]",
		"000102030405060708090A0B0C0D0E0F, no":            "[redacted], no",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=":    "[redacted]",
		"touch the device; waiting for /run/user/0 …":     "touch the device; waiting for /run/user/0 …",
		"request 6f1c2a34-0b0c-4d0e-8f00-1a2b3c4d5e6f":    "request 6f1c2a34-0b0c-4d0e-8f00-1a2b3c4d5e6f",
		"AAECAwQFBgcICQoLDA0OD":                           "AAECAwQFBgcICQoLDA0OD",
		"==":                                              "==",
		`"read\nAAECAwQFBgcICQoLDA0ODw=="`:                `"read\[redacted]"`,
		"secret/shop/AAECAwQFBgcICQoLDA0ODw==":            "[redacted]",
		"id-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=": "[redacted]",
	} {
		if got := Printable(text, 200); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

// TestALineThatIsCutShowsNoPartOfAKey has a key at the place where a line is cut: what
// would be left of it looks like no key.
func TestALineThatIsCutShowsNoPartOfAKey(t *testing.T) {
	const key = "AAECAwQFBgcICQoLDA0ODw=="
	for cut := range len(key) + 2 {
		before := strings.Repeat("x ", maxLine/2)[cut:]
		for _, pieces := range [][]string{{before + key + " y\n"}, {before, key, " y\n"}, {before + key}} {
			var got []string
			w := NewWords(func(line string) { got = append(got, line) })
			for _, p := range pieces {
				_, _ = w.Write([]byte(p))
			}
			w.Flush()
			if len(got) != 1 || strings.Contains(got[0], "AA") || !strings.HasPrefix(got[0], before[:len(before)-1]) {
				t.Errorf("cut after %d: %q", cut, got)
			}
		}
	}
}
