package launch_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/plugins/launch"
)

func needShell(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: these tests run shell scripts")
	}
}

// script is a script, open for reading, and its SHA-256.
func script(t *testing.T, body string) (*os.File, string) {
	t.Helper()
	text := "#!/bin/sh\n" + body + "\n"
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	sum := sha256.Sum256([]byte(text))
	return f, hex.EncodeToString(sum[:])
}

func start(t *testing.T, body string, o launch.Options) *launch.Process {
	t.Helper()
	needShell(t)
	f, sum := script(t, body)
	p, err := launch.Check(f, sum, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	proc, err := launch.Start(p, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proc.Kill)
	return proc
}

func TestAScriptRuns(t *testing.T) {
	p := start(t, `read -r line; echo "got $line"; echo "env $(env | cut -d= -f1 | grep -v -e _ -e PWD -e SHLVL)" >&2; exit 7`,
		launch.Options{Name: "x", Stdin: true, Env: []string{"A=1"}})
	fmt.Fprintln(p.Stdin, "this")
	out, err := io.ReadAll(p.Stdout)
	if err != nil || string(out) != "got this\n" {
		t.Errorf("got %q, %v", out, err)
	}
	if text, err := io.ReadAll(p.Stderr); err != nil || string(text) != "env A\n" {
		t.Errorf("standard error had %q, %v", text, err)
	}
	if got := p.Status(); got != "exit status 7" {
		t.Errorf("it ended with %s", got)
	}
	p.Kill()
	p.Kill()
}

func TestAnotherExecutableIsRefused(t *testing.T) {
	f, sum := script(t, "exit 0")
	wrong := strings.Repeat("0", len(sum))
	p, err := launch.Check(f, wrong, t.TempDir())
	if !errors.Is(err, launch.ErrChanged) || p != nil {
		t.Errorf("got %v, %v", p, err)
	}
}

func TestKillReachesTheGroup(t *testing.T) {
	p := start(t, `sleep 1000 & echo $!; wait`, launch.Options{Name: "x"})
	if _, err := bufio.NewReader(p.Stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	// The child holds our pipes; without it the read below would not end.
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, p.Stderr)
		done <- err
	}()
	p.Kill()
	select {
	case err := <-done:
		_ = err // how it ended does not matter
	case <-time.After(10 * time.Second):
		t.Error("standard error is still open")
	}
	if got := p.Status(); got != "signal: killed" {
		t.Errorf("it ended with %s", got)
	}
}

func TestAskIsHeard(t *testing.T) {
	p := start(t, `trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done`, launch.Options{Name: "x"})
	if _, err := bufio.NewReader(p.Stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	p.Ask()
	if !p.Wait(context.Background(), 10*time.Second) || p.Status() != "exit status 5" {
		t.Error("it did not end by itself")
	}
}

func TestWhatCannotBeStarted(t *testing.T) {
	if _, err := launch.Start(launch.Installed(filepath.Join(t.TempDir(), "none")), launch.Options{Name: "x"}); err == nil {
		t.Error("it was started")
	}
}

func TestWords(t *testing.T) {
	var got []string
	w := launch.NewWords(func(line string) { got = append(got, line) })
	for _, part := range []string{"a", "b\r\n\n", "c \x1b[31mred\x1b[0m\xff \u202e\u009b1m\tok\n", "no end"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("write gave %d, %v", n, err)
		}
	}
	w.Flush()
	want := []string{"ab", `c \x1b[31mred\x1b[0m\xff \u202e\x9b1m ok`, "no end"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
	got = nil
	for range 1000 {
		fmt.Fprintln(w, strings.Repeat("x", 5000))
	}
	total := 0
	for _, line := range got {
		total += len(line)
	}
	if total > 20<<10 || got[len(got)-1] != "(the rest is not shown)" {
		t.Errorf("%d bytes were shown, the last line is %q", total, got[len(got)-1])
	}
}

func ExamplePrintable() {
	fmt.Println(launch.Printable("fine \x1b]0;title\x07", 100))
	fmt.Println(launch.Printable(strings.Repeat("long ", 10), 8))
	// Output:
	// fine \x1b]0;title\x07
	// long lon…
}
