//go:build unix

package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/keysource/external"
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
		said.Reset()
		asked := &external.Error{Plugin: "age", Code: external.NeedsInput, Message: "its question was not answered: " + c.Err().Error(), Err: c.Err()}
		if code := a.fail(asked); code != 128+int(sig) || strings.Contains(said.String(), "hint:") {
			t.Errorf("a plugin's question, after %v: exit code %d, %q", sig, code, said.String())
		}
		c.stop()
	}
}

// TestASecondSignalEndsAtOnce has a command that heeds no context, as one that reads from
// a file system that does not answer.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	const child = "FLASK_VAULT_TEST_SIGNALLED"
	if os.Getenv(child) != "" {
		c := newSignalContext()
		done := c.Done()
		for range 2 {
			if err := syscall.Kill(syscall.Getpid(), syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			<-done
		}
		time.Sleep(time.Minute)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.CombinedOutput()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v: %s", err, out)
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
