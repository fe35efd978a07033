package launch

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	maxWords = 16 << 10 // bytes of a plugin's standard error that are shown in one call
	maxLine  = 1 << 10
)

// Words shows what a plugin writes on its standard error, line by line: made
// printable, and no more than 16 KiB of it. It never fails, so a plugin that
// writes without end is not stopped by it. It is safe for concurrent use.
type Words struct {
	show func(line string)

	mu   sync.Mutex
	line []byte
	cut  bool // line is not all of it
	left int
}

// NewWords calls show for each line, without its end.
func NewWords(show func(line string)) *Words { return &Words{show: show, left: maxWords} }

// Write takes any bytes.
func (w *Words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(p)
	for len(p) > 0 && w.left > 0 {
		part, rest, ended := bytes.Cut(p, []byte("\n"))
		p = rest
		if room := maxLine - len(w.line); len(part) > room {
			part, w.cut = part[:room], true // the rest of the line is dropped
		}
		w.line = append(w.line, part...)
		if ended {
			w.flush()
		}
	}
	return n, nil
}

// Flush shows a last line that has no end.
func (w *Words) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
}

func (w *Words) flush() {
	line := bytes.TrimRight(w.line, "\r")
	if w.cut {
		line = withoutPart(line)
	}
	w.line, w.cut = w.line[:0], false
	if len(line) == 0 || w.left <= 0 {
		return
	}
	w.left -= len(line)
	w.show(Printable(string(line), maxLine))
	if w.left <= 0 {
		w.show("(the rest is not shown)")
	}
}

// Printable returns s with everything that a terminal could act on written as
// an escape, such as \x1b, and cut after most bytes. Control characters, the
// characters that turn the direction of text, and bytes that are not UTF-8 are
// escaped. What looks like a key is [redacted].
func Printable(s string, most int) string {
	s = hideKeys(s)
	var b strings.Builder
	for i, r := range s {
		if b.Len() >= most {
			b.WriteString("…")
			break
		}
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
