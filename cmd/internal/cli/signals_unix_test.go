//go:build unix

package cli

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// TestSignalCode ends a command by each signal that it heeds.
func TestSignalCode(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		var said bytes.Buffer
		c := newSignalContext()
		a := &app{name: "flask-vault", err: &said, signals: c}
		done := c.Done() // listens from here on
		if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
		<-done
		if code := a.fail(fmt.Errorf("standard input: %w", c.Err())); code != 128+int(sig) || !strings.Contains(said.String(), "interrupted") {
			t.Errorf("after %v: exit code %d, %q", sig, code, said.String())
		}
		c.stop()
	}
}

// TestBrokenPipe says nothing of standard output that nobody reads, and tells of any
// other pipe.
func TestBrokenPipe(t *testing.T) {
	for _, test := range []struct {
		err  error
		said string
	}{
		{&outputError{syscall.EPIPE}, ""},
		{fmt.Errorf("a store: %w", syscall.EPIPE), "flask-vault: a store: broken pipe\n"},
	} {
		var said bytes.Buffer
		a := &app{name: "flask-vault", err: &said}
		if code := a.fail(test.err); code != exitInternal || said.String() != test.said {
			t.Errorf("%v: exit code %d, %q", test.err, code, said.String())
		}
	}
}
