package json

import (
	"strconv"

	"github.com/flask-vault/flask-vault/format"
)

var _ format.Outliner = (*document)(nil)

// Outline implements [format.Outliner].
func (d *document) Outline() *format.Block {
	if d.root == nil {
		return &format.Block{Head: string(d.text), Comma: true}
	}
	if !d.isObject() {
		return nil
	}
	b := d.block(d.root)
	b.Head = string(d.text[:d.root.start]) + b.Head
	b.Tail += string(d.text[d.root.end:])
	return b
}

func (d *document) block(n *node) *format.Block {
	b := &format.Block{Head: "{", Comma: true}
	seen := map[string]int{}
	at := n.start + 1
	for i, m := range n.members {
		e := format.Entry{Path: []string{m.name}, ID: m.name}
		if n := seen[m.name]; n > 0 {
			e.ID += "\x00" + strconv.Itoa(n)
		}
		seen[m.name]++
		e.Lead = string(d.text[at:m.keyStart])
		e.Before = string(d.text[m.keyStart:m.value.start])
		if m.value.kind == format.Mapping {
			e.Block = d.block(m.value)
		} else {
			e.Source = string(d.text[m.value.start:m.value.end])
			e.Value = d.value(m.value)
		}
		at = m.value.end
		if i+1 < len(n.members) {
			s := scanner{text: d.text, i: at}
			s.space()
			e.After = string(d.text[at:s.i])
			at = s.i + 1 // behind the comma
		}
		b.Entries = append(b.Entries, e)
	}
	b.Tail = string(d.text[at:n.end])
	return b
}
