package editor

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// command is an editor that exists.
type command struct {
	path     string   // what to execute
	words    []string // as the person wrote it, program first
	known    family   // which options it understands
	terminal bool     // it draws in the terminal, so it returns when the person is done
	detaches bool     // it opens a window and returns at once unless told to wait
}

// name is the editor's name for messages.
func (c command) name() string { return programName(c.words[0]) }

// Find returns the path of the editor that [Run] would start with this
// environment, or a *[CommandError].
func Find(env []string) (path string, err error) {
	c, err := findCommand(Options{Env: env}.withDefaults().getenv)
	return c.path, err
}

// findCommand finds the editor: VISUAL, then EDITOR, then the first of vi, nano
// and notepad that exists.
func findCommand(getenv func(string) string) (command, error) {
	for _, variable := range []string{"VISUAL", "EDITOR"} {
		value := strings.TrimSpace(getenv(variable))
		if value == "" {
			continue
		}
		c, err := parseCommand(value)
		if err != nil {
			return command{}, &CommandError{Variable: variable, Command: value, Err: err}
		}
		return c, nil
	}
	for _, name := range []string{"vi", "nano", "notepad"} {
		if path, err := lookPath(name); err == nil {
			return newCommand(path, []string{name}), nil
		}
	}
	return command{}, &CommandError{Err: errors.New("neither VISUAL nor EDITOR is set, and there is no vi, nano or notepad")}
}

// parseCommand reads a command line without a shell. A value that is the path
// of a program as a whole is that program, whatever white space it holds.
func parseCommand(value string) (command, error) {
	if hasSeparator(value) {
		if path, err := lookPath(value); err == nil {
			return newCommand(path, []string{value}), nil
		}
	}
	words, err := splitWords(value)
	if err != nil {
		return command{}, err
	}
	if len(words) == 0 || words[0] == "" {
		return command{}, errors.New("it names no program")
	}
	path, err := lookPath(words[0])
	if err != nil {
		return command{}, err
	}
	return newCommand(path, words), nil
}

func newCommand(path string, words []string) command {
	c := command{path: path, words: words}
	c.known, c.terminal = familyOf(path)
	c.detaches = opensWindow(path)
	return c
}

// lookPath is exec.LookPath that takes nothing from the working directory
// unless a path says so, whatever GODEBUG says.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	var wrapped *exec.Error
	switch {
	case errors.As(err, &wrapped):
		return "", wrapped.Err // the name is told by CommandError
	case err != nil:
		return "", err
	case !hasSeparator(name) && !filepath.IsAbs(path):
		return "", exec.ErrDot
	}
	return path, nil
}

func hasSeparator(name string) bool {
	if runtime.GOOS == "windows" && strings.ContainsAny(name, `\:`) {
		return true
	}
	return strings.ContainsRune(name, '/') || strings.ContainsRune(name, os.PathSeparator)
}
