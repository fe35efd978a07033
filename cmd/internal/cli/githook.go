package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
)

const (
	hookName = "pre-commit"
	// hookBefore is the name under which a hook that was there before is kept.
	hookBefore = hookName + ".before-flask-vault"
	hookMark   = "# flask-vault git enroll: a guard against secrets in commits."
)

// hookScript is our hook. known is where flask-vault is if the PATH lacks it, as
// in programs that no shell started; "" if that is not to be written down.
func hookScript(known string) []byte {
	return []byte(`#!/bin/sh
` + hookMark + `
# "flask-vault git unenroll" puts back what was here before.
before="$(dirname -- "$0")/` + hookBefore + `"
if [ -x "$before" ]; then
	"$before" "$@" || exit $?
fi
program=flask-vault
known=` + shellQuote(known) + `
if ! command -v "$program" >/dev/null 2>&1; then
	program=$known
fi
if ! command -v "$program" >/dev/null 2>&1; then
	echo "flask-vault is not on the PATH, so nothing looks for secrets in this commit." >&2
	echo "hint: install it, or commit with --no-verify" >&2
	exit 1
fi
exec "$program" git guard --staged
`)
}

// shellQuote quotes a word whatever it is.
func shellQuote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// hookState is what the place of the hook holds.
type hookState int

const (
	hookNone    hookState = iota
	hookOurs              // as we wrote it
	hookChanged           // ours, and somebody changed it
	hookForeign           // somebody else's
)

func lookAtHook(dir string) (hookState, error) {
	path := filepath.Join(dir, hookName)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return hookNone, nil
	}
	if err != nil {
		return hookNone, err
	}
	if !info.Mode().IsRegular() {
		return hookForeign, nil
	}
	text, err := durable.ReadFile(path, maxGitFile)
	if err != nil {
		return hookNone, err
	}
	if !bytes.Contains(text, []byte("\n"+hookMark+"\n")) {
		return hookForeign, nil
	}
	if bytes.Equal(withoutKnown(text), withoutKnown(hookScript(""))) {
		return hookOurs, nil
	}
	return hookChanged, nil
}

// hasGuard reports whether a hook has a line that runs the guard.
func hasGuard(path string) bool {
	text, err := durable.ReadFile(path, maxGitFile)
	if err != nil {
		return false
	}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); !bytes.HasPrefix(line, []byte("#")) && bytes.Contains(line, []byte("git guard")) {
			return true
		}
	}
	return false
}

// guards reports whether git runs a hook that runs the guard.
func guards(path string) bool {
	info, err := os.Stat(path)
	return err == nil && (runtime.GOOS == "windows" || info.Mode()&0o111 != 0) && hasGuard(path)
}

// withoutKnown leaves out the line that differs between machines.
func withoutKnown(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("known=")) {
			out = append(out, line...)
		}
	}
	return out
}

// installHook puts our hook in its place, and keeps what was there. It says what
// it did; "" for nothing.
func installHook(dir, known string) (string, error) {
	path, before := filepath.Join(dir, hookName), filepath.Join(dir, hookBefore)
	state, err := lookAtHook(dir)
	if err != nil {
		return "", err
	}
	did := "new"
	switch state {
	case hookChanged:
		return "", nil // whoever changed it had a reason
	case hookOurs:
		text, err := durable.ReadFile(path, maxGitFile)
		if err != nil || bytes.Equal(text, hookScript(known)) {
			return "", err
		}
		did = "brought up to date"
	case hookForeign:
		if fileExists(before) {
			return "", &codeError{&hintError{fmt.Errorf("%s: it is somebody else's hook, and %s is there already", path, hookBefore),
				"move one of the two away"}, exitPolicy}
		}
		if err := durable.Rename(path, before); err != nil {
			return "", err
		}
		did = "new; the hook that was there is kept as " + hookBefore + " and runs first"
	}
	if err := writeFile(path, hookScript(known), 0o755); err != nil {
		if state == hookForeign {
			err = errors.Join(err, os.Rename(before, path))
		}
		return "", err
	}
	return did, nil
}

// removeHook puts back what was there before installHook. It says what it did.
func removeHook(dir string) (string, error) {
	path, before := filepath.Join(dir, hookName), filepath.Join(dir, hookBefore)
	state, err := lookAtHook(dir)
	switch {
	case err != nil:
		return "", err
	case state == hookChanged:
		return "left as it is, since somebody changed it; remove what flask-vault wrote there yourself", nil
	case state != hookOurs:
		return "", nil
	}
	if fileExists(before) {
		return "the hook that was there before is back", durable.Rename(before, path)
	}
	return "removed", durable.Remove(path)
}
