package launch

import "testing"

func TestKeysAreHidden(t *testing.T) {
	for text, want := range map[string]string{
		"":                                             "",
		"the key is AAECAwQFBgcICQoLDA0ODw==":          "the key is [redacted]",
		"key=AAECAwQFBgcICQoLDA0ODw== is bad":          "key=[redacted] is bad",
		"\"_-ECAwQFBgcICQoLDA0ODw==\"":                 "\"[redacted]\"",
		"000102030405060708090a0b0c0d0e0f":             "[redacted]",
		"000102030405060708090A0B0C0D0E0F, no":         "[redacted], no",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=": "[redacted]",
		"touch the device; waiting for /run/user/0 …":  "touch the device; waiting for /run/user/0 …",
		"request 6f1c2a34-0b0c-4d0e-8f00-1a2b3c4d5e6f": "request 6f1c2a34-0b0c-4d0e-8f00-1a2b3c4d5e6f",
		"AAECAwQFBgcICQoLDA0OD":                        "AAECAwQFBgcICQoLDA0OD",
		"==":                                           "==",
	} {
		if got := Printable(text, 200); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}
