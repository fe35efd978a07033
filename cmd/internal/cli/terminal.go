package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/cmd/internal/remote"
	"github.com/flask-vault/flask-vault/cmd/internal/visible"
	"github.com/flask-vault/flask-vault/keysource"
)

// sanitize makes text safe to show on a terminal.
func sanitize(text string) string { return visible.Text(text) }

// oneLine is sanitize for a name within a message: a line end or a tab in it
// could pass for a message, or a column, of ours.
func oneLine(name string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(sanitize(name))
}

// sentence is the text of an error on one line, but for the two errors whose text
// has lines of its own: what each key source answered, and lines to add to a
// configuration. Errors that were joined, which Go writes on lines of their own,
// are put behind each other.
func sentence(err error) string {
	text := unjoined(err)
	if errors.Is(err, context.Canceled) {
		text = strings.ReplaceAll(text, context.Canceled.Error(), "interrupted")
	}
	var none *keysource.NoKeyError
	var mistake *config.Error
	var store *remote.Error
	switch {
	case errors.As(err, &none):
		before, after, found := strings.Cut(text, none.Error())
		if !found {
			break
		}
		lines := []string{"no key source has a key"}
		for _, a := range none.Answers {
			lines = append(lines, "  "+oneLine(a.Source)+": "+sentence(a.Err))
		}
		if len(none.Answers) == 0 {
			lines[0] = none.Error()
		}
		return oneLine(before) + strings.Join(lines, "\n") + oneLine(after)
	case errors.As(err, &mistake), errors.As(err, &store):
		return sanitize(text)
	}
	return oneLine(text)
}

// unjoined replaces, in the text of an error, the text of every joined error
// within it.
func unjoined(err error) string {
	text := err.Error()
	switch e := err.(type) { //nolint:errorlint // the tree itself is walked
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			text = strings.Replace(text, inner.Error(), unjoined(inner), 1)
		}
	case interface{ Unwrap() []error }:
		var before, after []string
		for _, inner := range e.Unwrap() {
			before, after = append(before, inner.Error()), append(after, unjoined(inner))
		}
		if text == strings.Join(before, "\n") {
			return strings.Join(after, "; ")
		}
	}
	return text
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// readAnswer reads one line from the terminal, without an echo if it is secret.
func (a *app) readAnswer(ctx context.Context, secret bool) (string, error) {
	var line []byte
	var err error
	if secret {
		line, err = readPassword(ctx, a.in)
		fmt.Fprintln(a.err)
	} else {
		line, err = bufio.NewReader(a.input(ctx)).ReadBytes('\n')
		line = bytes.TrimRight(line, "\r\n")
	}
	if errors.Is(err, context.Canceled) {
		return "", fmt.Errorf("nothing is changed: %w", err)
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
	if strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r == 0x7f }) || !utf8.ValidString(word) {
		return quoteControl(word)
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// quoteControl writes a word with control characters or bytes that are not text
// so that it can be pasted: $'a\nb', as POSIX.1-2024, bash and zsh read it.
func quoteControl(word string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(word) {
		switch c := word[i]; {
		case c == '\'' || c == '\\':
			b.Write([]byte{'\\', c})
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f || c >= utf8.RuneSelf && !utf8.ValidString(word):
			fmt.Fprintf(&b, `\%03o`, c) // \x would take the digits behind it too
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString("'")
	return b.String()
}
