package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/flask-vault/flask-vault/cmd/internal/visible"
)

// sanitize makes text safe to show on a terminal.
func sanitize(text string) string { return visible.Text(text) }

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// readAnswer reads one line from the terminal, without an echo if it is secret.
func (a *app) readAnswer(secret bool) (string, error) {
	var line []byte
	var err error
	if secret {
		line, err = term.ReadPassword(int(a.in.Fd()))
		fmt.Fprintln(a.err)
	} else {
		line, err = bufio.NewReader(a.in).ReadBytes('\n')
		line = bytes.TrimRight(line, "\r\n")
	}
	if errors.Is(err, io.EOF) && len(line) == 0 {
		return "", &codeError{errors.New("no answer was given, nothing is changed"), exitAborted}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return string(line), err
}

// isText reports whether bytes are text that a terminal could show.
func isText(b []byte) bool {
	return utf8.Valid(b) && !strings.ContainsRune(string(b), 0)
}

// quote writes a word so that it can be pasted into a POSIX shell.
func quote(word string) string {
	if word != "" && strings.IndexFunc(word, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("%+,-./:=@_", r))
	}) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
