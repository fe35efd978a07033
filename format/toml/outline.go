package toml

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

var _ format.Outliner = (*document)(nil)

// Outline implements [format.Outliner]. The keys in front of the first header are
// a block without a name, each [table] is an entry of the top level, and so is
// each run of [[tables]] of one name, as a whole.
func (d *document) Outline() *format.Block {
	o := outliner{document: d, seen: map[string]int{}, arrays: map[string]bool{}}
	if bytes.HasPrefix(d.text, []byte(byteOrderMark)) {
		o.at = len(byteOrderMark)
	}
	for _, x := range d.tree.expressions {
		if x.array {
			o.arrays[id(x.path)] = true
		}
	}
	top := &format.Block{Head: string(d.text[:o.at])}
	rest := d.tree.expressions
	keys, rest := o.section(rest)
	if len(d.tree.expressions) == 0 { // what the first key will have above it
		keys.Tail = string(d.text[o.at:])
		o.at = len(d.text)
	}
	top.Entries = append(top.Entries, format.Entry{Block: keys})
	for len(rest) > 0 {
		var e format.Entry
		e, rest = o.table(rest)
		top.Entries = append(top.Entries, e)
	}
	top.Tail = string(d.text[o.at:])
	return top
}

// outliner takes expressions from the front of a document.
type outliner struct {
	*document
	at     int // behind what was taken
	seen   map[string]int
	arrays map[string]bool // the ids of the arrays of tables
}

func id(path []string) string { return strings.Join(path, "\x00") }

// lead takes the text up to the line of x.
func (o *outliner) lead(x expression) string {
	start := o.startOfLine(x.start)
	text := string(o.text[o.at:start])
	o.at = start
	return text
}

// section takes the keys up to the next header.
func (o *outliner) section(rest []expression) (*format.Block, []expression) {
	b := &format.Block{}
	for len(rest) > 0 && rest[0].entry != nil {
		x := rest[0]
		e := format.Entry{Path: x.path, ID: id(x.path), Lead: o.lead(x)}
		v := x.entry.value
		e.Before = string(o.text[o.at:v.start])
		o.fill(&e, v)
		o.at = o.nextLine(o.endOfLine(x.end))
		e.After = string(o.text[v.end:o.at])
		b.Entries = append(b.Entries, e)
		rest = rest[1:]
	}
	return b, rest
}

// table takes a header with its keys, or a run of [[tables]].
func (o *outliner) table(rest []expression) (format.Entry, []expression) {
	x := rest[0]
	e := format.Entry{Path: x.path, ID: "[" + id(x.path) + "]", Lead: o.lead(x)}
	if array := o.array(x.path); array != nil {
		e.Path, e.ID = array, "[["+id(array)+"]]"
		start := o.at
		last := x
		for len(rest) > 0 && (rest[0].entry != nil || slices.Equal(o.array(rest[0].path), array)) {
			last = rest[0]
			rest = rest[1:]
		}
		o.at = o.nextLine(o.endOfLine(last.end))
		e.Source = string(o.text[start:o.at])
		e.Value = format.NewValue(format.Sequence, e.Source)
	} else {
		start := o.at
		o.at = o.nextLine(o.endOfLine(x.end))
		e.Before = string(o.text[start:o.at])
		e.Block, rest = o.section(rest[1:])
	}
	if n := o.seen[e.ID]; n > 0 {
		e.ID += "\x00" + strconv.Itoa(n)
	}
	o.seen[e.ID]++
	return e, rest
}

// array returns the path of the array of tables that a header belongs to, or nil.
func (o *outliner) array(path []string) []string {
	for n := range path {
		if o.arrays[id(path[:n+1])] {
			return path[:n+1]
		}
	}
	return nil
}

// fill takes a value.
func (o *outliner) fill(e *format.Entry, v *value) {
	if v.table != nil && v.start >= 0 {
		e.Block = o.inline(v)
		return
	}
	e.Source = string(o.text[v.start:v.end])
	e.Value = format.NewValue(v.kind, o.textOf(v))
}

// inline is a table in braces.
func (o *outliner) inline(v *value) *format.Block {
	type pair struct {
		path  []string
		value *value
	}
	var pairs []pair
	var collect func(t *table, path []string)
	collect = func(t *table, path []string) {
		for _, name := range t.order {
			child := t.names[name].value
			path := append(slices.Clone(path), name)
			if child.start < 0 {
				collect(child.table, path)
			} else {
				pairs = append(pairs, pair{path, child})
			}
		}
	}
	collect(v.table, nil)
	slices.SortFunc(pairs, func(a, b pair) int { return a.value.start - b.value.start })
	b := &format.Block{Head: "{", Comma: true}
	at := v.start + 1
	for i, p := range pairs {
		e := format.Entry{Path: p.path, ID: id(p.path)}
		e.Lead = string(o.text[at:p.value.keyStart])
		e.Before = string(o.text[p.value.keyStart:p.value.start])
		o.fill(&e, p.value)
		at = p.value.end
		if i+1 < len(pairs) {
			comma := o.comma(at)
			e.After = string(o.text[at:comma])
			at = comma + 1
		}
		b.Entries = append(b.Entries, e)
	}
	b.Tail = string(o.text[at:v.end])
	return b
}

// comma returns the offset of the next comma from i on, comments skipped.
func (o *outliner) comma(i int) int {
	for i < len(o.text) && o.text[i] != ',' {
		if o.text[i] == '#' {
			i = o.endOfLine(i)
			continue
		}
		i++
	}
	return i
}
