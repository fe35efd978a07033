package dotenv

import (
	"bytes"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

var _ format.Repeater = (*document)(nil)

// Repeats implements [format.Repeater].
func (d *document) Repeats() []format.Repeat {
	var lines paths.Lines
	line, at := 1, 0
	for _, b := range d.lines {
		line += bytes.Count(d.text[at:b.start], []byte("\n"))
		at = b.start
		lines.Add(b.name, line)
	}
	return lines.Repeats("")
}
