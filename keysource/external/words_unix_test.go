//go:build unix

package external_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/keysource/external"
)

// What a plugin says before it ends is shown in whole, even if it is gone by the time
// that we read it.
func TestLastWords(t *testing.T) {
	o := options(t)
	heard := filepath.Join(t.TempDir(), "heard")
	if _, err := script(t, o, describeShop, `echo $$ >&2; until [ -e `+heard+` ]; do :; done; echo "the disk is full" >&2; exit 3`); err != nil {
		t.Fatal(err)
	}
	var words []string
	o.Words = func(_, line string) {
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
	src, err := external.New("shop", nil, o)
	if err != nil {
		t.Fatal(err)
	}
	var failed *external.Error
	if _, err := src.Load(t.Context()); !errors.As(err, &failed) || failed.Code != external.Crashed {
		t.Errorf("got %v", err)
	}
	if n := len(words); n != 2 || words[n-1] != "the disk is full" {
		t.Errorf("shown are %q", words)
	}
}
