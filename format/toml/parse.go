package toml

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/flask-vault/flask-vault/format"
)

// Limits on what one document may hold. The decoder compares every key with all
// others of its table, so many keys cost much time. A value in an array takes some
// hundred times the memory of its bytes.
const (
	maxDepth = 100
	maxKeys  = 50_000
	maxMarks = 600_000 // commas and brackets, in texts as well: see countMarks
)

const byteOrderMark = "\ufeff"

// table is a table, however it is written.
type table struct {
	names   map[string]*entry
	order   []string
	longest int // length of the longest name

	depth   int
	inline  bool // in braces
	section *section
	prefix  []string // the keys from the section's table to this one
	last    int      // index of the last expression that puts something in, or -1
}

// entry is a name with its value in a table.
type entry struct {
	in    *table
	name  string
	value *value
}

// value is a value with its place in the text. A table that is not in braces has
// no place of its own.
type value struct {
	kind       format.Kind
	start, end int
	text       string         // of a string, without quotes and escapes
	table      *table         // of a mapping
	tables     []*table       // of an array of [[tables]]
	items      []format.Value // of an array of scalars
	keyStart   int            // in braces: where the key starts
}

// section is what stands below one header, or in front of the first one.
type section struct {
	table  *table
	header int // index of the header's expression, or -1 for the first section
	last   int // index of the last expression in it, or header
}

// expression is a header, or a key and its value, with its place in the text.
type expression struct {
	start, end int
	path       []string // the key
	table      *table   // that a header opens
	array      bool     // of a header: it has two brackets
	entry      *entry   // that a key makes
}

// tree is a document.
type tree struct {
	root        *table
	expressions []expression
	sections    []*section
}

func parse(text []byte) (*tree, error) {
	skip := 0
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		skip = len(byteOrderMark)
	}
	if err := countMarks(text); err != nil {
		return nil, err
	}
	b := builder{text: text, skip: skip, tree: &tree{}}
	if err := b.build(); err != nil {
		return nil, err
	}
	// The parser above knows the grammar. What a number, a date or a key may be
	// is known to the decoder alone.
	var any map[string]any
	if err := toml.Unmarshal(text[skip:], &any); err != nil {
		return nil, decodeError(text[skip:], err)
	}
	if b.conflict {
		return nil, &format.SyntaxError{Line: 1, Column: 1, Msg: "a key is defined twice"}
	}
	return b.tree, nil
}

// countMarks bounds the values in arrays and inline tables before the parser makes a
// node of each: every one of them stands behind one of these marks.
func countMarks(text []byte) error {
	if len(text) <= maxMarks {
		return nil
	}
	marks := 0
	for i, c := range text {
		if c == ',' || c == '[' || c == '{' {
			if marks++; marks > maxMarks {
				return errorAt(text, i, "the text is too long: it has too many commas and brackets")
			}
		}
	}
	return nil
}

// builder makes a tree of a text.
type builder struct {
	*tree
	text     []byte
	skip     int // bytes in front of what the parser sees
	parser   unstable.Parser
	keys     int
	conflict bool // a key is something else than a table; the decoder says where
}

func (b *builder) build() error {
	first := &section{header: -1, last: -1}
	b.root = newTable(nil)
	b.root.section = first
	first.table = b.root
	b.sections = []*section{first}
	current := first
	b.parser.Reset(b.text[b.skip:])
	for b.parser.NextExpression() {
		n := b.parser.Expression()
		at := len(b.expressions)
		switch n.Kind {
		case unstable.KeyValue:
			current.last = at
			e, start, err := b.keyValue(n, current.table, at)
			if err != nil {
				return err
			}
			if e == nil {
				b.conflict = true
				continue
			}
			parts, _, _ := b.key(n)
			b.expressions = append(b.expressions, expression{start: start, end: e.value.end, path: parts, entry: e})
		case unstable.Table, unstable.ArrayTable:
			t, start, err := b.header(n)
			if err != nil {
				return err
			}
			if t == nil {
				b.conflict = true
				t = newTable(b.root)
			}
			current = &section{table: t, header: at, last: at}
			t.section, t.prefix, t.last = current, nil, at
			b.sections = append(b.sections, current)
			parts, _, _ := b.key(n)
			b.expressions = append(b.expressions, expression{start: start, end: start, path: parts, table: t, array: n.Kind == unstable.ArrayTable})
		}
	}
	if err := b.parser.Error(); err != nil {
		return b.parserError(err)
	}
	return nil
}

func newTable(in *table) *table {
	t := &table{names: make(map[string]*entry), last: -1}
	if in != nil {
		t.depth = in.depth + 1
	}
	return t
}

func (t *table) put(name string, v *value) *entry {
	e := &entry{in: t, name: name, value: v}
	t.names[name] = e
	t.order = append(t.order, name)
	t.longest = max(t.longest, len(name))
	return e
}

// step returns the table at a key in t, which it makes if there is none, or nil
// if something else is there.
func (t *table) step(name string) *table {
	e := t.names[name]
	if e == nil {
		child := newTable(t)
		t.put(name, &value{kind: format.Mapping, table: child, start: -1})
		return child
	}
	if n := len(e.value.tables); n > 0 {
		return e.value.tables[n-1]
	}
	return e.value.table
}

// key lists the parts of a key, and where it starts and ends.
func (b *builder) key(n *unstable.Node) (parts []string, start, end int) {
	start = -1
	for it := n.Key(); it.Next(); {
		k := it.Node()
		if start < 0 {
			start = b.skip + int(k.Raw.Offset)
		}
		end = b.skip + int(k.Raw.Offset+k.Raw.Length)
		parts = append(parts, string(k.Data))
	}
	return parts, start, end
}

func (b *builder) tooDeep(offset int) error {
	return errorAt(b.text, offset, "nested more than 100 levels deep")
}

// limit counts a key, which leads to a depth.
func (b *builder) limit(offset, depth int) error {
	if b.keys++; b.keys > maxKeys {
		return errorAt(b.text, offset, "more than 50000 keys")
	}
	if depth > maxDepth {
		return b.tooDeep(offset)
	}
	return nil
}

// header reads [a.b] or [[a.b]].
func (b *builder) header(n *unstable.Node) (*table, int, error) {
	parts, start, _ := b.key(n)
	if err := b.limit(start, len(parts)); err != nil {
		return nil, 0, err
	}
	t := b.root
	for _, name := range parts[:len(parts)-1] {
		if t = t.step(name); t == nil {
			return nil, start, nil
		}
	}
	name := parts[len(parts)-1]
	if n.Kind == unstable.Table {
		return t.step(name), start, nil
	}
	child := newTable(t)
	if e := t.names[name]; e != nil {
		if e.value.tables == nil {
			return nil, start, nil
		}
		e.value.tables = append(e.value.tables, child)
		return child, start, nil
	}
	t.put(name, &value{kind: format.Sequence, start: -1, tables: []*table{child}})
	return child, start, nil
}

// keyValue puts a.b = value into a table. The entry is nil if it cannot be there.
func (b *builder) keyValue(n *unstable.Node, in *table, at int) (*entry, int, error) {
	parts, start, end := b.key(n)
	if err := b.limit(start, in.depth+len(parts)); err != nil {
		return nil, 0, err
	}
	in.last = at
	t := in
	for i, name := range parts[:len(parts)-1] {
		known := t.names[name]
		if known != nil && known.value.start >= 0 { // a value, or a table in braces
			return nil, start, nil
		}
		if t = t.step(name); t == nil {
			return nil, start, nil
		}
		if known == nil || t.section == nil {
			t.section, t.prefix, t.inline = in.section, append(append([]string(nil), in.prefix...), parts[:i+1]...), in.inline
		}
		if t.section == in.section {
			t.last = at
		}
	}
	name := parts[len(parts)-1]
	if t.names[name] != nil {
		return nil, start, nil
	}
	stop := b.skip + int(n.Raw.Offset+n.Raw.Length)
	v := &value{keyStart: start, start: b.valueStart(end), end: stop}
	e := t.put(name, v)
	return e, start, b.fill(v, n.Value(), t, at)
}

// valueStart returns the offset behind the equals sign that follows a key.
func (b *builder) valueStart(i int) int {
	blank := func() {
		for i < len(b.text) && (b.text[i] == ' ' || b.text[i] == '\t') {
			i++
		}
	}
	blank()
	i++
	blank()
	return i
}

// fill reads a value.
func (b *builder) fill(v *value, n *unstable.Node, in *table, at int) error {
	switch n.Kind {
	case unstable.String:
		v.kind, v.text = format.String, b.str(n)
	case unstable.Array:
		v.kind, v.items = format.Sequence, b.scalars(n)
		return b.checkArray(n, v.start, in.depth+1)
	case unstable.InlineTable:
		v.kind, v.table = format.Mapping, newTable(in)
		v.table.inline, v.table.section = true, in.section
		if v.table.depth > maxDepth {
			return b.tooDeep(v.start)
		}
		for it := n.Children(); it.Next(); {
			if c := it.Node(); c.Kind == unstable.KeyValue {
				e, _, err := b.keyValue(c, v.table, at)
				if err != nil {
					return err
				}
				b.conflict = b.conflict || e == nil
			}
		}
	default:
		v.kind = scalarKind(n.Kind)
	}
	return nil
}

// scalarKind is format.Null for what is no scalar.
func scalarKind(k unstable.Kind) format.Kind {
	switch k {
	case unstable.String:
		return format.String
	case unstable.Bool:
		return format.Bool
	case unstable.Float:
		return format.Float
	case unstable.Integer:
		return format.Int
	case unstable.LocalDate, unstable.LocalTime, unstable.LocalDateTime, unstable.DateTime:
		return format.Time
	default:
		return format.Null
	}
}

// str is a string without quotes and escapes.
func (b *builder) str(n *unstable.Node) string {
	start := b.skip + int(n.Raw.Offset)
	if raw := b.text[start : start+int(n.Raw.Length)]; bytes.Contains(raw, []byte("\r\n")) {
		return unixString(raw)
	}
	return string(n.Data)
}

// scalars are the items of an array, if all are scalars.
func (b *builder) scalars(n *unstable.Node) []format.Value {
	items := []format.Value{}
	for it := n.Children(); it.Next(); {
		c := it.Node()
		switch kind := scalarKind(c.Kind); kind {
		case format.Null:
			return nil
		case format.String:
			items = append(items, format.NewValue(kind, b.str(c)))
		default:
			items = append(items, format.NewValue(kind, string(c.Data)))
		}
	}
	return items
}

// checkArray refuses an array that is nested too deeply, or has too many keys.
func (b *builder) checkArray(n *unstable.Node, offset, depth int) error {
	if depth > maxDepth {
		return b.tooDeep(offset)
	}
	for it := n.Children(); it.Next(); {
		c := it.Node()
		if c.Kind == unstable.KeyValue {
			parts, start, _ := b.key(c)
			if err := b.limit(start, depth+len(parts)); err != nil {
				return err
			}
			c = c.Value()
		}
		if c.Kind == unstable.Array || c.Kind == unstable.InlineTable {
			if err := b.checkArray(c, offset, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// unixString reads a string of several lines whose line breaks are CR LF.
func unixString(raw []byte) string {
	var p unstable.Parser
	p.Reset(append([]byte("a="), bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))...))
	if !p.NextExpression() || p.Expression().Kind != unstable.KeyValue {
		return string(raw)
	}
	return string(p.Expression().Value().Data)
}

// errorAt is a syntax error at a byte offset.
func errorAt(text []byte, offset int, msg string) error {
	head := bytes.TrimPrefix(text[:offset], []byte(byteOrderMark))
	line := 1 + bytes.Count(head, []byte("\n"))
	column := 1 + utf8.RuneCount(head[bytes.LastIndexByte(head, '\n')+1:])
	return &format.SyntaxError{Line: line, Column: column, Msg: msg}
}

// parserError puts an error of the parser into our words: it quotes characters
// of the document.
func (b *builder) parserError(err error) error {
	var perr *unstable.ParserError
	if !errors.As(err, &perr) {
		return &format.SyntaxError{Line: 1, Column: 1, Msg: "not TOML"}
	}
	offset := b.skip + int(b.parser.Range(perr.Highlight).Offset)
	return errorAt(b.text, offset, wording(perr.Message))
}

// decodeError does so for an error of the decoder.
func decodeError(text []byte, err error) error {
	var derr *toml.DecodeError
	if !errors.As(err, &derr) {
		return &format.SyntaxError{Line: 1, Column: 1, Msg: wording(err.Error())}
	}
	row, column := derr.Position()
	lines := bytes.SplitN(text, []byte("\n"), row+1)
	if row >= 1 && row <= len(lines) {
		line := lines[row-1]
		column = 1 + utf8.RuneCount(line[:min(max(column-1, 0), len(line))])
	}
	return &format.SyntaxError{Line: max(row, 1), Column: max(column, 1), Msg: wording(derr.Error())}
}

// wording says what a message means, whose ends may quote the document.
func wording(msg string) string {
	for _, w := range [...]struct{ part, msg string }{
		{"expected newline", "nothing but a comment can follow the value on its line"},
		{"expected '=' after key", "an equals sign is expected behind the key"},
		{"invalid character at start of key", "a key is expected; one with other characters than letters, digits, - and _ needs quotes"},
		{"expected key", "a key is expected"},
		{"at start of value", "a value is expected: text in quotes, a number, true, false, a date, [ or {"},
		{"strings must be quoted", "text needs quotes"},
		{"expected value", "a value is expected"},
		{"expected keyword", "text needs quotes"},
		{"not terminated", "the quotes that open a text are not closed"},
		{"unterminated", "the quote that opens a text is not closed"},
		{"have new lines", "the quote is not closed on this line"},
		{"have control characters", "a control character has to be escaped"},
		{"control characters", "a control character cannot stand here"},
		{"carriage return", "a carriage return needs a line feed behind it"},
		{"UTF-8", "the text is not UTF-8"},
		{"too many quotes", "too many quotes"},
		{"escape", "unknown escape; write \\\\ for a backslash, or use single quotes"},
		{"need a character after", "unknown escape; write \\\\ for a backslash, or use single quotes"},
		{"leading zero", "a number cannot start with a zero; put it in quotes if it is text"},
		{"too large to fit", "the number has more than 64 bits; put it in quotes if it is text"},
		{"impossible date", "the calendar has no such date"},
		{"date", "not a date or time of TOML"},
		{"time", "not a date or time of TOML"},
		{"hour", "not a time of day"},
		{"minutes", "not a time of day"},
		{"seconds", "not a time of day"},
		{"nested", "nested too deeply"},
		{"already", "the key or table is there already"},
		{"should be a table", "the key is not a table"},
		{"array", "a comma or a closing bracket is expected"},
		{"inline table", "a comma or a closing brace is expected"},
		{"close table", "a closing bracket is expected behind the name of the table"},
		{"comma", "a comma is expected"},
		{"digit", "a digit is expected; put it in quotes if it is text"},
		{"number", "a number is expected; put it in quotes if it is text"},
		{"float", "not a number; put it in quotes if it is text"},
		{"exponent", "a digit is expected in the exponent"},
		{"underscore", "an underscore has to stand between digits"},
	} {
		if strings.Contains(msg, w.part) {
			return w.msg
		}
	}
	return "not TOML"
}
