package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// sized is a file of so many MiB in a new vault's directory.
func sized(t *testing.T, dir, name string, mib int) string {
	t.Helper()
	content := []byte(strings.Repeat("0123456789abcde\n", mib<<20/16))
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// peak is the most memory that a process has had so far, in KiB.
func peak(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no VmHWM in\n%s", status)
	}
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

// TestMemoryDoesNotGrowWithTheFile looks at the process just before its end, while
// it waits for its input or output.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	dir := t.TempDir()
	if r := run(t, dir, "init", "-q"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	// start runs the program with a file as its input, or a pipe if there is none.
	start := func(stdin *os.File, args ...string) (*exec.Cmd, io.WriteCloser, io.ReadCloser) {
		cmd := exec.Command(path, args...)
		cmd.Dir, cmd.Env, cmd.Stderr = dir, environment(t), os.Stderr
		var in io.WriteCloser
		if stdin != nil {
			cmd.Stdin = stdin
		} else if in, err = cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		return cmd, in, out
	}
	// encrypt and decrypt return the peak for a file of so many MiB.
	encrypt := func(name string, mib int) int {
		cmd, in, out := start(nil, "encrypt", "-", "-o", name+".enc")
		defer out.Close()
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := io.Copy(in, f); err != nil {
			t.Fatal(err)
		}
		kib := peak(t, cmd.Process.Pid)
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		return kib
	}
	decrypt := func(name string, mib int) int {
		cmd, in, out := start(nil, "decrypt", name+".enc")
		defer in.Close()
		const rest = 512 << 10 // more than a pipe holds, so that the program has not ended
		if _, err := io.CopyN(io.Discard, out, int64(mib)<<20-rest); err != nil {
			t.Fatal(err)
		}
		kib := peak(t, cmd.Process.Pid)
		if n, err := io.Copy(io.Discard, out); err != nil || n != rest {
			t.Fatalf("%d bytes more: %v", n, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		return kib
	}
	const small, large = 2, 64
	sized(t, dir, "small", small)
	sized(t, dir, "large", large)
	for _, c := range []struct { // in this order: decrypt needs what encrypt made
		what string
		work func(string, int) int
	}{{"encrypt", encrypt}, {"decrypt", decrypt}} {
		a := c.work("small", small)
		if b := c.work("large", large); b > a+8<<10 || b > 32<<10 {
			t.Errorf("%s: %d KiB for %d MiB, %d KiB for %d MiB", c.what, a, small, b, large)
		}
	}
}

// TestProgressInATerminal holds the program by a pipe that nobody reads, so that
// the bar stays to be seen.
func TestProgressInATerminal(t *testing.T) {
	s := newTerminal(t)
	s.sh("flask-vault init -q", 0)
	sized(t, s.dir, "large", 40)
	sized(t, s.dir, "small", 20)
	if err := syscall.Mkfifo(filepath.Join(s.dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}

	// A bar is not to be seen any more when the work is done.
	if screen := s.sh("flask-vault encrypt large", 0); strings.Contains(screen, "encrypting") || !strings.Contains(screen, "\nlarge is encrypted in large.enc") {
		t.Errorf("after encrypt the screen shows\n%s", screen)
	}
	s.sh("flask-vault encrypt -q small", 0)

	// hold starts a command that writes into the pipe, and waits until it does.
	hold := func(line string) *os.File {
		s.start(line + " >pipe")
		f, err := os.Open(filepath.Join(s.dir, "pipe")) // waits for the writer
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		if _, err := io.ReadFull(f, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		return f
	}
	finish := func(f *os.File, mib int64) string {
		if n, err := io.Copy(io.Discard, f); err != nil || n != (mib-1)<<20 {
			t.Fatalf("%d bytes: %v", n, err)
		}
		return s.wait("ended with 0.")
	}
	f := hold("flask-vault decrypt large.enc")
	s.until("shows a bar", func(screen string) bool {
		return regexp.MustCompile(`decrypting \[#*-+\] +\d+ %  \d+ MiB/s  \d+s left`).MatchString(screen)
	})
	if screen := finish(f, 40); strings.Contains(screen, "decrypting") {
		t.Errorf("after decrypt the screen shows\n%s", screen)
	}
	// None with -q, and none for little.
	for line, mib := range map[string]int64{"flask-vault decrypt -q large.enc": 40, "flask-vault decrypt small.enc": 20} {
		f := hold(line)
		if screen := s.screen(); strings.Contains(screen, "decrypting") {
			t.Errorf("%s shows\n%s", line, screen)
		}
		finish(f, mib)
	}
	// None if standard error is no terminal.
	f = hold("flask-vault decrypt large.enc 2>err")
	finish(f, 40)
	if text := readFile(t, s.dir, "err"); len(text) > 0 {
		t.Errorf("standard error has %q", text)
	}
	// On the terminal itself, text is shown and control characters are not obeyed.
	if err := os.WriteFile(filepath.Join(s.dir, "text"), []byte(strings.Repeat("some text\n", 200_000)+"\x1b[2Jthe end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.sh("flask-vault encrypt -q text", 0)
	if screen := s.sh("flask-vault decrypt text.enc", 0); !strings.Contains(screen, "some text\n\\x1b[2Jthe end\n") {
		t.Errorf("on a terminal decrypt shows\n%s", screen)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "binary"), []byte(strings.Repeat("some text\n", 200_000)+"\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.sh("flask-vault encrypt -q binary", 0)
	if screen := s.sh("flask-vault decrypt binary.enc", 10); !strings.Contains(screen, "the content is binary") || strings.Contains(screen, "some text") {
		t.Errorf("on a terminal decrypt of binary content shows\n%s", screen)
	}
}
