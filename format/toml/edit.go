package toml

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

// Messages of path errors.
const (
	msgTable = "it is a table; name one of its keys"
	msgArray = "it is an array, which can be changed in an editor only"
	msgOther = "the text around it cannot be changed safely; use an editor"
)

// Set makes value the text at a path. A number, a date, true or false becomes a
// string.
func (d *document) Set(path, value string) error {
	if !utf8.ValidString(value) {
		return &format.ValueError{Msg: "TOML holds text in UTF-8 only; encode other bytes in base64"}
	}
	if !utf8.ValidString(path) {
		return &format.PathError{Path: strings.ToValidUTF8(path, "?"), Msg: "a name is text in UTF-8"}
	}
	e := d.find(path)
	if e == nil {
		return d.add(path, value)
	}
	v := e.value
	switch v.kind {
	case format.Mapping:
		return &format.PathError{Path: path, Msg: msgTable}
	case format.Sequence:
		return &format.PathError{Path: path, Msg: msgArray}
	}
	for _, text := range candidates(value, string(d.text[v.start:v.end]), d.newline(), e.in.inline) {
		if d.become(splice(d.text, v.start, v.end, text), path, &value) {
			return nil
		}
	}
	return &format.PathError{Path: path, Msg: msgOther}
}

// add puts a value where none is.
func (d *document) add(path, value string) error {
	in, name := d.parent(path)
	for _, key := range keys(name) {
		for _, text := range candidates(value, "", d.newline(), in.inline) {
			var next []byte
			if in.inline {
				next = d.addInline(in, key, text)
			} else {
				next = d.addLine(in, key, text)
			}
			if next != nil && d.become(next, path, &value) {
				return nil
			}
		}
	}
	return &format.PathError{Path: path, Msg: msgOther}
}

// parent returns the table that a new path leads into, and the rest of it there.
func (d *document) parent(path string) (in *table, name string) {
	in, name = d.tree.root, path
	paths.Prefixes(path, func(prefix, rest string) bool {
		e := d.find(prefix)
		if e == nil || e.value.table == nil {
			return true
		}
		in, name = e.value.table, rest
		return false
	})
	return in, name
}

// addLine returns the text with a new line: behind the last one of the table, or
// below its header.
func (d *document) addLine(in *table, key, text string) []byte {
	for i := len(in.prefix) - 1; i >= 0; i-- {
		key = quoteKey(in.prefix[i]) + "." + key
	}
	s := in.section
	if s == nil { // a table that only headers of deeper ones name
		parts := d.pathTo(in)
		for i := len(parts) - 1; i >= 0; i-- {
			key = quoteKey(parts[i]) + "." + key
		}
		s = d.tree.sections[0]
	}
	line := key + " = " + text
	var at int
	switch last := d.lastOf(in, s); {
	case d.atEnd(in, s):
		at = d.endOfText()
	case last >= 0:
		x := d.tree.expressions[last]
		line = d.margin(x.start) + line
		at = d.nextLine(d.endOfLine(x.end))
	default:
		at = d.aboveHeaders()
	}
	if at > 0 && d.startOfLine(at) != at {
		return splice(d.text, at, at, d.newline()+line)
	}
	return splice(d.text, at, at, line+d.newline())
}

// lastOf returns the index of the expression behind which a new key of a table goes,
// which is in a section, or -1.
func (d *document) lastOf(in *table, s *section) int {
	if len(in.prefix) > 0 {
		return in.last
	}
	return s.last
}

// atEnd says whether a new key goes to the end of the text.
func (d *document) atEnd(in *table, s *section) bool {
	return s.header < 0 && len(in.prefix) == 0 && len(d.tree.sections) == 1
}

// endOfText is where a new line at the end goes.
func (d *document) endOfText() int {
	at := len(d.text)
	if start := d.startOfLine(at); isBlank(d.text[start:]) {
		at = start
	}
	return at
}

// aboveHeaders is where a first key in front of all headers goes: above the comment of
// the first one.
func (d *document) aboveHeaders() int {
	return d.aboveComment(d.tree.expressions[d.tree.sections[1].header].start)
}

// pathTo returns the keys that lead to a table.
func (d *document) pathTo(t *table) []string {
	var search func(in *table) []string
	search = func(in *table) []string {
		for _, name := range in.order {
			child := in.names[name].value.table
			if child == nil {
				continue
			}
			if child == t {
				return []string{name}
			}
			if rest := search(child); rest != nil {
				return append([]string{name}, rest...)
			}
		}
		return nil
	}
	return search(d.tree.root)
}

// inlineOf returns the value in braces that a table is, or that holds the dotted
// keys which make the table, and the keys between them.
func (d *document) inlineOf(t *table) (braces *value, between []string) {
	var search func(in *table, v *value, keys []string) bool
	search = func(in *table, v *value, keys []string) bool {
		if in == t {
			braces, between = v, append([]string(nil), keys...)
			return true
		}
		for _, name := range in.order {
			child := in.names[name].value
			switch {
			case child.table == nil:
			case child.start >= 0:
				if search(child.table, child, nil) {
					return true
				}
			case search(child.table, v, append(keys, name)):
				return true
			}
		}
		return false
	}
	search(d.tree.root, nil, nil)
	return braces, between
}

// addInline returns the text with a new pair in a table in braces.
func (d *document) addInline(in *table, key, text string) []byte {
	braces, between := d.inlineOf(in)
	if braces == nil {
		return nil
	}
	for i := len(between) - 1; i >= 0; i-- {
		key = quoteKey(between[i]) + "." + key
	}
	pair := key + " = " + text
	pairs := pairsOf(braces.table)
	if len(pairs) == 0 {
		return splice(d.text, braces.start+1, braces.start+1, pair)
	}
	end := pairs[len(pairs)-1].end
	return splice(d.text, end, end, ", "+pair)
}

// pairsOf lists the values of a table in braces as they stand in the text.
func pairsOf(t *table) []*value {
	var all []*value
	for _, name := range t.order {
		v := t.names[name].value
		if v.start < 0 {
			all = append(all, pairsOf(v.table)...)
		} else {
			all = append(all, v)
		}
	}
	// Dotted keys of one table can stand apart.
	for i := 1; i < len(all); i++ {
		for j := i; j > 0 && all[j].start < all[j-1].start; j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
	return all
}

// Unset removes what Get(path) finds. Of a table that are its header, its keys
// and the tables in it.
func (d *document) Unset(path string) error {
	e := d.find(path)
	if e == nil {
		return &format.NotFoundError{Path: path}
	}
	var next []byte
	if e.in.inline {
		next = d.withoutPairs(e)
	} else {
		next = d.withoutLines(e)
	}
	if next == nil || !d.become(next, path, nil) {
		return &format.PathError{Path: path, Msg: msgOther}
	}
	return nil
}

// withoutLines returns the text without the lines of an entry.
func (d *document) withoutLines(e *entry) []byte {
	gone := map[*table]bool{}
	var mark func(v *value)
	mark = func(v *value) {
		if v.start >= 0 {
			return
		}
		tables := v.tables
		if v.table != nil {
			tables = []*table{v.table}
		}
		for _, t := range tables {
			gone[t] = true
			for _, name := range t.order {
				mark(t.names[name].value)
			}
		}
	}
	mark(e.value)
	out := []byte{}
	at := 0
	for _, x := range d.tree.expressions {
		if x.entry != e && (x.entry == nil || !gone[x.entry.in]) && !gone[x.table] {
			continue
		}
		start, end := d.startOfLine(x.start), d.nextLine(d.endOfLine(x.end))
		if end == len(d.text) && d.startOfLine(end) != end {
			start = d.beforeBreak(start)
		}
		out = append(out, d.text[at:max(at, start)]...)
		at = end
	}
	return append(out, d.text[at:]...)
}

// withoutPairs returns the text without the pairs of an entry in braces.
func (d *document) withoutPairs(e *entry) []byte {
	braces, _ := d.inlineOf(e.in)
	if braces == nil {
		return nil
	}
	gone := map[*value]bool{e.value: true}
	if e.value.start < 0 {
		for _, v := range pairsOf(e.value.table) {
			gone[v] = true
		}
	}
	pairs := pairsOf(braces.table)
	kept := -1
	for i, v := range pairs {
		if !gone[v] {
			kept = i
		}
	}
	out := []byte{}
	at := 0
	cut := func(start, end int) {
		out = append(out, d.text[at:max(at, start)]...)
		at = max(at, end)
	}
	for i, v := range pairs[:kept+1] {
		if gone[v] {
			cut(v.keyStart, pairs[i+1].keyStart)
		}
	}
	last := pairs[len(pairs)-1]
	switch {
	case kept < 0:
		cut(pairs[0].keyStart, last.end)
	case gone[last]:
		cut(pairs[kept].end, last.end)
	}
	return append(out, d.text[at:]...)
}

// become takes a changed text if it has the text that is wanted at a path, or
// nothing new if that is nil, and everything else as before.
func (d *document) become(text []byte, path string, want *string) bool {
	t, err := parse(text)
	if err != nil {
		return false
	}
	next := newDocument(text, t)
	except := paths.IsOrBelow(path)
	if want != nil {
		if !paths.IsText(next, path, *want) {
			return false
		}
		except = paths.Is(path)
	}
	if !paths.Take(d).Holds(next, except) {
		return false
	}
	d.text, d.tree = next.text, next.tree
	return true
}

// splice returns a new text with other bytes from start to end.
func splice(text []byte, start, end int, with string) []byte {
	out := make([]byte, 0, len(text)+len(with))
	out = append(out, text[:start]...)
	out = append(out, with...)
	return append(out, text[end:]...)
}

func isBlank(b []byte) bool { return len(bytes.TrimLeft(b, " \t")) == 0 }

// startOfLine returns where the line of i starts, behind a byte order mark.
func (d *document) startOfLine(i int) int {
	start := bytes.LastIndexByte(d.text[:i], '\n') + 1
	if start == 0 && bytes.HasPrefix(d.text, []byte(byteOrderMark)) {
		return len(byteOrderMark)
	}
	return start
}

// endOfLine returns the offset of the line break of the line of i.
func (d *document) endOfLine(i int) int {
	end := bytes.IndexByte(d.text[i:], '\n')
	if end < 0 {
		return len(d.text)
	}
	end += i
	if end > i && d.text[end-1] == '\r' {
		end--
	}
	return end
}

// nextLine returns the offset behind the line break at i.
func (d *document) nextLine(i int) int {
	if i < len(d.text) && d.text[i] == '\r' {
		i++
	}
	return min(i+1, len(d.text))
}

// beforeBreak returns the offset of the line break that ends at i.
func (d *document) beforeBreak(i int) int {
	if i > 0 && d.text[i-1] == '\n' {
		i--
		if i > 0 && d.text[i-1] == '\r' {
			i--
		}
	}
	return i
}

// margin is the white space that the line of i starts with.
func (d *document) margin(i int) string {
	line := d.text[d.startOfLine(i):]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// aboveComment returns the start of the line of i, or of the comment above it.
func (d *document) aboveComment(i int) int {
	line := d.startOfLine(i)
	for {
		above := d.startOfLine(d.beforeBreak(line))
		if above == line || !bytes.HasPrefix(bytes.TrimLeft(d.text[above:line], " \t"), []byte("#")) {
			return line
		}
		line = above
	}
}

func (d *document) newline() string {
	if i := bytes.IndexByte(d.text, '\n'); i > 0 && d.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}
