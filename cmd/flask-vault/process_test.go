package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
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
	cmd := exec.CommandContext(ctx, "flask-vault", args...)
	cmd.Dir = dir
	cmd.Env = environment(t)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	failure := cmd.Run()
	var exit *exec.ExitError
	if failure != nil && (!errors.As(failure, &exit) || !exit.Exited()) {
		t.Fatalf("flask-vault %q: %v\n%s", args, failure, &err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), err.String()}
}

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
