package toml

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

// SetAll makes many changes with one parse, where Set parses for each: with n
// values that is n times faster. It reads the outcome back; if anything is not as
// it should be it changes nothing and reports false, for the caller to go one by one.
func (d *document) SetAll(all []format.Assignment) bool {
	t, err := parse(d.text)
	if err != nil {
		return false
	}
	b := &batch{document: newDocument(d.text, t), old: len(t.expressions), behind: map[int]int{}}
	set := make(map[string]bool, len(all))
	for _, a := range all {
		if set[a.Path] || !utf8.ValidString(a.Value) || !utf8.ValidString(a.Path) || !b.set(a) {
			return false
		}
		set[a.Path] = true
	}
	text := b.render()
	if t, err = parse(text); err != nil {
		return false
	}
	next := newDocument(text, t)
	for _, a := range all {
		if !paths.IsText(next, a.Path, a.Value) {
			return false
		}
	}
	if !paths.Take(d).Holds(next, func(path string) bool { return set[path] }) {
		return false
	}
	d.text, d.tree = next.text, next.tree
	return true
}

// batch collects changes. Its tree, which is its own, gets the new keys at once, as
// expressions without a place; its text is changed in the end.
type batch struct {
	*document
	old     int         // expressions with a place; the others are those of lines
	lines   []newLine   // in the order of the changes
	behind  map[int]int // the new expression on the line behind that of another one
	top     []int       // new expressions in front of the first header: one at most
	end     []int       // and those at the end of the text
	changes []change
}

// newLine is a line of a new key.
type newLine struct{ margin, text string }

// change is a text in place of another.
type change struct {
	start, end int
	with       string
}

// set notes one change, and reports whether it can. It takes the best way to
// write it.
func (b *batch) set(a format.Assignment) bool {
	e := b.find(a.Path)
	if e == nil {
		return b.add(a.Path, a.Value)
	}
	v := e.value
	if v.kind == format.Mapping || v.kind == format.Sequence {
		return false
	}
	source := b.text[v.start:v.end]
	if bytes.IndexByte(source, '\n') >= 0 { // it may be what tells line breaks
		return false
	}
	b.changes = append(b.changes, change{v.start, v.end, candidates(a.Value, string(source), b.newline(), e.in.inline)[0]})
	return true
}

// add notes a new key, in the place that [document.add] has for it.
func (b *batch) add(path, value string) bool {
	in, name := b.parent(path)
	if in.inline {
		return false
	}
	s, prefix := in.section, in.prefix
	if s == nil {
		s, prefix = b.tree.sections[0], b.pathTo(in)
	}
	for _, parts := range keyParts(name) {
		if key := slices.Concat(prefix, parts); fits(s.table, key) {
			b.addKey(in, s, key, candidates(value, "", b.newline(), false)[0])
			return true
		}
	}
	return false
}

// fits reports whether a dotted key can be put into a table.
func fits(t *table, key []string) bool {
	for _, name := range key[:len(key)-1] {
		e := t.names[name]
		if e == nil {
			return true
		}
		if e.value.start >= 0 || e.value.table == nil {
			return false
		}
		t = e.value.table
	}
	return t.names[key[len(key)-1]] == nil
}

// addKey puts a new key into the tree, as a parse of the changed text would, and its
// line behind another one.
func (b *batch) addKey(in *table, s *section, key []string, text string) {
	n := len(b.tree.expressions)
	b.tree.expressions = append(b.tree.expressions, expression{path: key})
	quoted := make([]string, len(key))
	for i, part := range key {
		quoted[i] = quoteKey(part)
	}
	line := newLine{text: strings.Join(quoted, ".") + " = " + text}
	last := b.lastOf(in, s)
	switch {
	case b.atEnd(in, s):
		b.end = append(b.end, n)
		last = s.last // it comes behind all others
	case last >= 0:
		line.margin = b.marginOf(last)
		if next, ok := b.behind[last]; ok {
			b.behind[n] = next
		}
		b.behind[last] = n
	default:
		b.top = append(b.top, n)
	}
	b.lines = append(b.lines, line)

	furthest := last == s.last
	if furthest {
		s.last = n
	}
	t := s.table
	for i, name := range key[:len(key)-1] {
		known := t.names[name] != nil
		t = t.step(name)
		if !known || t.section == nil {
			t.section, t.prefix = s, key[:i+1:i+1]
		}
		if t.section == s && (furthest || t.last < 0 || t.last == last) {
			t.last = n
		}
	}
	t.put(key[len(key)-1], &value{kind: format.String})
}

func (b *batch) marginOf(expression int) string {
	if expression >= b.old {
		return b.lines[expression-b.old].margin
	}
	return b.margin(b.tree.expressions[expression].start)
}

// render returns the text with the changes.
func (b *batch) render() []byte {
	insert := func(at, first int) {
		var with strings.Builder
		for n, more := first, true; more; n, more = b.behind[n] {
			line := b.lines[n-b.old]
			if at > 0 && b.startOfLine(at) != at {
				with.WriteString(b.newline() + line.margin + line.text)
			} else {
				with.WriteString(line.margin + line.text + b.newline())
			}
		}
		b.changes = append(b.changes, change{at, at, with.String()})
	}
	for i, x := range b.tree.expressions[:b.old] {
		if first, ok := b.behind[i]; ok {
			insert(b.nextLine(b.endOfLine(x.end)), first)
		}
	}
	for _, n := range b.top {
		insert(b.aboveHeaders(), n)
	}
	for _, n := range b.end {
		insert(b.endOfText(), n)
	}
	// Of what comes into one place, what belongs behind a line comes first.
	slices.SortStableFunc(b.changes, func(a, b change) int { return a.start - b.start })
	var text bytes.Buffer
	done := 0
	for _, c := range b.changes {
		text.Write(b.text[done:c.start])
		text.WriteString(c.with)
		done = c.end
	}
	text.Write(b.text[done:])
	return text.Bytes()
}
