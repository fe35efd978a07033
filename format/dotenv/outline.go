package dotenv

import (
	"bytes"
	"strconv"

	"github.com/flask-vault/flask-vault/format"
)

var _ format.Outliner = (*document)(nil)

// Outline implements [format.Outliner].
func (d *document) Outline() *format.Block {
	at := 0
	if bytes.HasPrefix(d.text, []byte(byteOrderMark)) {
		at = len(byteOrderMark)
	}
	b := &format.Block{Head: string(d.text[:at])}
	seen := map[string]int{}
	for _, line := range d.lines {
		e := format.Entry{Path: []string{line.name}, ID: line.name, Lead: string(d.text[at:line.start])}
		if n := seen[line.name]; n > 0 {
			e.ID += "\x00" + strconv.Itoa(n)
		}
		seen[line.name]++
		start, end := line.valueStart, line.valueEnd
		e.Value = format.NewValue(format.String, line.value)
		if line.null {
			start, end = line.nameEnd, line.nameEnd
			e.Value = format.NewValue(format.Null, "")
		}
		e.Before = string(d.text[line.start:start])
		e.Source = string(d.text[start:end])
		e.After = string(d.text[end:line.end])
		at = line.end
		b.Entries = append(b.Entries, e)
	}
	b.Tail = string(d.text[at:])
	return b
}
