package merge

import (
	"bytes"
	"slices"
	"strings"
)

// lines splits a text behind its line breaks.
func lines(text string) []string { return slices.Collect(strings.Lines(text)) }

// commonStart is the text of the lines that all texts begin with.
func commonStart(texts ...string) string {
	start := lines(texts[0])
	for _, text := range texts[1:] {
		other := lines(text)
		n := 0
		for n < min(len(start), len(other)) && start[n] == other[n] {
			n++
		}
		start = start[:n]
	}
	return strings.Join(start, "")
}

// either is what one side changed a text to, if the other left it. It fails where
// both changed it.
func either(base, ours, theirs string) (string, bool) {
	switch {
	case ours == base:
		return theirs, true
	case theirs == base, ours == theirs:
		return ours, true
	}
	return "", false
}

// comments merges lines of comments: where both sides changed them, ours, and what
// theirs has more.
func comments(base, ours, theirs string) string {
	if text, ok := either(base, ours, theirs); ok {
		return text
	}
	text := ours
	known := append(lines(base), lines(ours)...)
	for _, line := range lines(theirs) {
		if strings.TrimSpace(line) == "" || slices.Contains(known, line) {
			continue
		}
		if text != "" && !endsLine(text) {
			text += "\n"
		}
		text += line
	}
	return text
}

func endsLine(text string) bool {
	return strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\r")
}

// newlineOf is the line break that a text uses.
func newlineOf(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// shift moves the lines of a text to the right, or to the left if by is negative.
// AtStart says whether the text begins a line, and then whether its end does.
func shift(text string, by int, atStart *bool) string {
	var b strings.Builder
	for _, line := range lines(text) {
		if *atStart && strings.TrimSpace(line) != "" {
			if by > 0 {
				b.WriteString(strings.Repeat(" ", by))
			} else {
				n := 0
				for n < -by && n < len(line) && line[n] == ' ' {
					n++
				}
				line = line[n:]
			}
		}
		b.WriteString(line)
		*atStart = endsLine(line)
	}
	return b.String()
}
