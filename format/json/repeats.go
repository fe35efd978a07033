package json

import (
	"bytes"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

var _ format.Repeater = (*document)(nil)

// Repeats implements [format.Repeater] for objects that names lead to.
func (d *document) Repeats() []format.Repeat {
	if d.root == nil {
		return nil
	}
	c := cursor{text: d.text, line: 1}
	return c.repeats(d.root, "")
}

// cursor counts lines on its way through a text, so that each is counted once.
type cursor struct {
	text     []byte
	at, line int
}

func (c *cursor) lineOf(offset int) int {
	c.line += bytes.Count(c.text[c.at:offset], []byte("\n"))
	c.at = offset
	return c.line
}

func (c *cursor) repeats(n *node, prefix string) []format.Repeat {
	var lines paths.Lines
	var below []format.Repeat
	for _, m := range n.members {
		lines.Add(m.name, c.lineOf(m.keyStart))
		below = append(below, c.repeats(m.value, prefix+m.name+".")...)
	}
	return append(lines.Repeats(prefix), below...)
}
