//go:build unix

package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSocketsFit uses the longest directory that is taken as it is, and one that
// is a byte longer: a plugin has to start with both.
func TestSocketsFit(t *testing.T) {
	short, err := os.MkdirTemp("/tmp", "f")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	for _, length := range []int{103 - 30 - 21 - 17, 103 - 30 - 21 - 17 + 1} {
		dir := filepath.Join(short, strings.Repeat("x", length-len(short)-1))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", dir)
		base := socketBase()
		if fits := length <= 103-30-21-17; (base == dir) != fits {
			t.Errorf("a directory of %d bytes gives the base %s", length, base)
		}
		socket := filepath.Join(base, socketPrefix+"1234567890", "plugin-dir1234567890", "plugin1234567890")
		if len(socket) > 103 {
			t.Errorf("a socket's path has %d bytes: %s", len(socket), socket)
		}
	}
}
