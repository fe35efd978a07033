package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLeaksStandardLibrary searches Go's standard library, which holds no secret
// of ours but the one that is put beside it.
func TestLeaksStandardLibrary(t *testing.T) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run := func(in string, args ...string) (string, error) {
		cmd := exec.Command("flask-vault", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(in)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		t.Logf("%q: %s", args, &stderr)
		return string(out), err
	}
	for _, args := range [][]string{
		{"", "init"}, {"hunter22", "set", "db.password", "-"}, {"correct horse battery staple", "set", "smtp.password", "-"},
		{"localhost", "set", "db.host", "-"}, {"postgres", "set", "db.user", "-"}, {"a-9f8e7d6c", "set", "token", "-"},
	} {
		if _, err := run(args[0], args[1:]...); err != nil {
			t.Fatal(args[1:], err)
		}
	}
	// A large file with the secret across the border of every read.
	large := bytes.Repeat([]byte("the quick brown fox\n"), 1<<16)
	copy(large[len(large)-5:], "hunte")
	if err := os.WriteFile(filepath.Join(dir, "large.txt"), append(large, "r22\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := run("", "leaks", "--json", filepath.Join(strings.TrimSpace(string(goroot)), "src"), "large.txt")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Fatal(err)
	}
	var got struct {
		Leaks []struct {
			Path string
			Line int
		}
		Skipped []struct{ Name string }
		Files   int
		Bytes   int64
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Leaks) != 1 || got.Leaks[0].Path != "large.txt" || got.Leaks[0].Line != 1<<16 {
		t.Errorf("leaks: %+v", got.Leaks)
	}
	if len(got.Skipped) != 2 {
		t.Errorf("skipped: %+v", got.Skipped)
	}
	if got.Files < 5000 || got.Bytes < 50e6 {
		t.Errorf("only %d files and %d bytes were searched", got.Files, got.Bytes)
	}
}
