//go:build unix

package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/plugins/trust"
)

// What a plugin says before it ends is shown in whole, even if it is gone by the time
// that we read it.
func TestLastWords(t *testing.T) {
	f := newFixture(t)
	heard, path := filepath.Join(t.TempDir(), "heard"), filepath.Join(t.TempDir(), "script")
	const body = "#!/bin/sh\necho $$ >&2\nuntil [ -e %s ]; do :; done\necho 'the disk is full' >&2\nexit 3\n"
	if err := os.WriteFile(path, fmt.Appendf(nil, body, heard), 0o700); err != nil {
		t.Fatal(err)
	}
	f.install(path, "last-words", trust.GoPlugin)
	var words []string
	f.o.Words = func(_, line string) {
		if pid, err := strconv.Atoi(line); err == nil {
			if err := os.WriteFile(heard, nil, 0o600); err != nil {
				t.Error(err)
			}
			for syscall.Kill(pid, 0) == nil { // until it is gone and reaped
				<-time.After(time.Millisecond)
			}
			<-time.After(20 * time.Millisecond) // a slow terminal
		}
		words = append(words, line)
	}
	if _, err := f.load("last-words", nil); err == nil {
		t.Error("it gave a key")
	}
	if !slices.Contains(words, "the disk is full") {
		t.Errorf("shown are %q", words)
	}
}
