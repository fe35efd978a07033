package forms_test

import (
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/cmd/internal/forms"
	"github.com/flask-vault/flask-vault/keysource"
)

func TestKeySize(t *testing.T) {
	for _, tc := range []struct {
		name, content string
		want          int
	}{
		{"notes.txt", "x4Jm-0qTzG1hPbW9uK_3aQ==", 16},
		{"notes.txt", "x4Jm-0qTzG1hPbW9uK_3aQ", 16},
		{"dir/backup", "\ufeff \r\nx4Jm-0qTzG1hPbW9uK_3aQ==\r\n\n", 16},
		{"k", "x4Jm-0qTzG1hPbW9uK_3aQx4Jm-0qTzG", 24},
		{"k", "x4Jm-0qTzG1hPbW9uK_3aQx4Jm-0qTzG1hPbW9uK_3Y=", 32},

		{"k", "", 0},
		{"k", "x4Jm-0qTzG1hPbW9uK_3aR==", 0},                              // bits that no encoder sets
		{"k", "x4Jm+0qTzG1hPbW9uK/3aQ==", 0},                              // not base64url
		{"k", "KEY=x4Jm-0qTzG1hPbW9uK_3aQ==", 0},                          // a value search is for that
		{"k", "x4Jm-0qTzG1h PbW9uK_3aQ==", 0},                             // two words
		{"k", "x4Jm-0qTzG1hPbW9uK_3a\nQ==", 0},                            // two lines
		{"VERSION", "d41d8cd98f00b204e9800998ecf8427e", 0},                // MD5 in hex
		{"a", "D41D8CD98F00B204E9800998ECF8427E", 0},                      //
		{"a", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", 0},              // SHA-1
		{"a", "internationalizations-x", 0},                               // words
		{"a", "InternationalizationsA", 0},                                //
		{"a", "ThisIsTheVersionOfItQQ", 0},                                //
		{"a", "0123456789012345678901", 0},                                // a number
		{"a", "release-2024-10-11-rc1", 0},                                // a tag
		{"server.pub", "x4Jm-0qTzG1hPbW9uK_3aQx4Jm-0qTzG1hPbW9uK_3Y=", 0}, // by their names
		{"sha256", "x4Jm-0qTzG1hPbW9uK_3aQx4Jm-0qTzG1hPbW9uK_3Y=", 0},
		{"cluster.id", "x4Jm-0qTzG1hPbW9uK_3aQ", 0},
	} {
		if got := forms.KeySize(tc.name, []byte(tc.content)); got != tc.want {
			t.Errorf("%s with %q: %d, want %d", tc.name, tc.content, got, tc.want)
		}
	}
}

// Nearly every new key is recognised. One in a hundred has no digit.
func TestKeySizeOfNewKeys(t *testing.T) {
	missed := 0
	for range 2000 {
		if forms.KeySize("key", []byte(strings.TrimRight(keysource.NewKey().Text(), "=")+"\n")) != 16 {
			missed++
		}
	}
	if missed > 100 {
		t.Errorf("%d of 2000 are missed", missed)
	}
}
