package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestMemoryIsClosedToTheSameUser: while a command waits, another process of the
// same user reads neither its environment nor its memory, and a signal that would
// dump core leaves none.
func TestMemoryIsClosedToTheSameUser(t *testing.T) {
	const canary = "AAECAwQFBgcICQoLDA0ODw=="
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
	if os.Geteuid() != 0 {
		nobody = nil // then the test's own user is the other process
	} else if err := openTo(dir); err != nil {
		t.Fatal(err)
	}
	// The directory of the program may be closed to nobody.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "flask-vault")
	if err := os.WriteFile(copied, text, 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	as := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(environment(t), "FLASK_VAULT_MASTER_KEY="+canary)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: nobody}
		return cmd
	}
	// A limit on core files that is as high as it can be.
	cmd := as("sh", "-c", `ulimit -c unlimited 2>/dev/null; exec "$0" encrypt -`, copied)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It asks for standard input only after it has the key: what it cannot take at
	// once fills the pipe, so that a write that returns says that it reads.
	if _, err := in.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	proc := "/proc/" + strconv.Itoa(cmd.Process.Pid)
	for _, name := range []string{"environ", "mem", "maps"} {
		err := as("head", "-c", "1", filepath.Join(proc, name)).Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Errorf("%s is open to another process of the user: %v", name, err)
		}
	}
	if line, err := os.ReadFile(filepath.Join(proc, "cmdline")); err != nil || strings.Contains(string(line), canary) {
		t.Errorf("cmdline %q, %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGSEGV); err != nil {
		t.Fatal(err)
	}
	// Go's runtime takes the signal, says so and ends.
	_ = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.CoreDump() {
		t.Errorf("it dumped core: %v", cmd.ProcessState)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

// openTo lets every user reach a temporary directory and write into it.
func openTo(dir string) error {
	if err := os.Chmod(dir, fs.FileMode(0o777)); err != nil {
		return err
	}
	return os.Chmod(filepath.Dir(dir), 0o711)
}
