package dotenv

import (
	"bytes"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// change is a text in place of another.
type change struct {
	start, end int
	with       string
}

// SetAll makes many changes with one parse, where Set parses for each: with n
// values that is n times faster. It reads the outcome back; if anything is not as
// it should be it changes nothing and reports false, for the caller to go one by one.
func (d *document) SetAll(all []format.Assignment) bool {
	// Where a backslash stands before a quote it depends on the rest of the text
	// whether that closes a value: there each change is tried on its own.
	if slices.ContainsFunc(d.lines, d.endsInBackslash) {
		return false
	}
	set := make(map[string]string, len(all))
	var changes []change
	var added strings.Builder
	newline, open := d.newline(), !endsWithBreak(d.text) && string(d.text) != byteOrderMark
	for _, a := range all {
		if _, twice := set[a.Path]; twice || checkValue(a.Value) != nil || strings.HasSuffix(a.Value, `\`) {
			return false
		}
		if newline != "\n" && strings.Contains(a.Value, "\n") { // it could become what tells line breaks
			return false
		}
		set[a.Path] = a.Value
		i, ok := d.last[a.Path]
		if ok {
			start, end, text := d.lines[i].replacement(candidates(a.Value, d.lines[i].quote)[0])
			changes = append(changes, change{start, end, text})
			continue
		}
		if !isNewName(a.Path) {
			return false
		}
		line := d.newLine(a.Path, candidates(a.Value, 0)[0])
		if open {
			line = newline + line
		} else {
			line += newline
		}
		added.WriteString(line)
	}
	slices.SortFunc(changes, func(a, b change) int { return a.start - b.start })
	var text bytes.Buffer
	done := 0
	for _, c := range changes {
		text.Write(d.text[done:c.start])
		text.WriteString(c.with)
		done = c.end
	}
	text.Write(d.text[done:])
	text.WriteString(added.String())
	return d.become(text.Bytes(), set)
}

// endsInBackslash reports whether the last character in the quotes of a value is one.
func (d *document) endsInBackslash(b binding) bool {
	return b.quote != 0 && b.valueEnd-b.valueStart > 2 && d.text[b.valueEnd-2] == '\\'
}
