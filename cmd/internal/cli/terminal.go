package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// sanitize makes text safe to show on a terminal: line ends and tabs stay, and
// every other control character, format character (which can reorder what is
// shown) and invalid byte becomes visible.
func sanitize(text string) string {
	if utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !harmless(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case harmless(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		text = text[n:]
	}
	return b.String()
}

func harmless(r rune) bool {
	return r == '\n' || r == '\t' || !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) && r != '\u2028' && r != '\u2029'
}

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
