package toml

import (
	"strings"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

// document implements [format.Document].
type document struct {
	text []byte
	tree *tree
}

var _ format.Document = (*document)(nil)

func newDocument(text []byte, t *tree) *document { return &document{text: text, tree: t} }

// lookup follows paths through the tables.
var lookup = paths.Tree[*table, *entry]{
	Order: func(t *table) []string { return t.order },
	Get: func(t *table, name string) (*entry, bool) {
		e, ok := t.names[name]
		return e, ok
	},
	Into:    func(e *entry) (*table, bool) { return e.value.table, e.value.table != nil },
	IsNull:  func(*entry) bool { return false },
	Longest: func(t *table) int { return t.longest },
}

// find returns the entry at a path, or nil.
func (d *document) find(path string) *entry {
	steps := lookup.Find(d.tree.root, path)
	if steps == nil {
		return nil
	}
	return steps[len(steps)-1].Entry
}

func (d *document) Get(path string) (format.Value, error) {
	e := d.find(path)
	if e == nil {
		return format.Value{}, &format.NotFoundError{Path: path}
	}
	if e.value.kind == format.Sequence {
		return format.NewSequence(d.textOf(e.value), e.value.items), nil
	}
	return format.NewValue(e.value.kind, d.textOf(e.value)), nil
}

func (d *document) Names() []string { return lookup.Leaves(d.tree.root) }

func (d *document) Bytes() []byte { return d.text }

// textOf is a value as text: a string without its quotes, a table in lines of
// dotted keys, all else as it is written.
func (d *document) textOf(v *value) string {
	if v.kind == format.String {
		return v.text
	}
	if v.kind == format.Mapping && v.start < 0 {
		var lines []string
		d.flatten(v.table, "", &lines)
		return strings.Join(lines, "\n")
	}
	return d.source(v)
}

// source is a value as it can stand behind an equals sign.
func (d *document) source(v *value) string {
	switch {
	case v.start >= 0:
		return string(d.text[v.start:v.end])
	case v.table != nil:
		var pairs []string
		d.flatten(v.table, "", &pairs)
		return "{" + strings.Join(pairs, ", ") + "}"
	}
	items := make([]string, len(v.tables))
	for i, t := range v.tables {
		items[i] = d.source(&value{kind: format.Mapping, start: -1, table: t})
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// flatten writes the entries of a table and of the tables in it, with dotted keys.
func (d *document) flatten(t *table, prefix string, pairs *[]string) {
	for _, name := range t.order {
		v := t.names[name].value
		key := prefix + quoteKey(name)
		if v.table != nil && v.start < 0 && len(v.table.order) > 0 {
			d.flatten(v.table, key+".", pairs)
			continue
		}
		*pairs = append(*pairs, key+" = "+d.source(v))
	}
}
