package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// result is how one process of the program ended.
type result struct {
	code           int
	stdout, stderr string
}

// run starts the program in dir and waits for its end. The caller's own
// FLASK_VAULT_ variables do not reach it.
func run(t *testing.T, dir string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.Env = environment(t)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	failure := cmd.Run()
	var exit *exec.ExitError
	if failure != nil && (!errors.As(failure, &exit) || !exit.Exited()) {
		t.Fatalf("flask-vault %q: %v\n%s", args, failure, &errs)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// program builds the program as it is installed, once. It starts many times faster
// than the test binary does under the race detector. It lies with the names that
// testscript.Main makes, and goes with them.
var program = sync.OnceValues(func() (string, error) {
	us, err := exec.LookPath("flask-vault")
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(us), "built", filepath.Base(us))
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// environment is this process's environment for the program, with an empty home.
func environment(t *testing.T) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "FLASK_VAULT_") {
			env = append(env, entry)
		}
	}
	return append(env, "HOME="+t.TempDir())
}
