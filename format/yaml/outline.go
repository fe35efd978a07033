package yaml

import (
	"bytes"
	"strconv"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
)

var _ format.Outliner = (*document)(nil)

// Outline implements [format.Outliner]. Mappings in lists, and those that an
// alias stands for, are not taken apart.
func (d *document) Outline() *format.Block {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.load()
	if d.root == nil || isEmptyPlain(d.root) && !hasProperties(d.root) {
		at := measure(d.text, nil).endOfDocument(startOfText(d.text))
		return &format.Block{Head: string(d.text[:at]), Tail: string(d.text[at:])}
	}
	if d.root.Kind != yamllib.MappingNode || hasProperties(d.root) {
		return nil
	}
	l := measure(d.text, d.root)
	if d.root.Style&yamllib.FlowStyle != 0 {
		b := l.flowBlock(d.root)
		if b != nil {
			e := l.at[d.root]
			b.Head = string(d.text[:e.start]) + b.Head
			b.Tail += string(d.text[e.end:])
		}
		return b
	}
	head := l.prologue()
	b, end := l.block(d.root, head)
	if b != nil {
		b.Head = string(d.text[:head])
		b.Tail += string(d.text[end:])
	}
	return b
}

// prologue returns the offset behind the directives and the line of dashes that
// start the document.
func (l *layout) prologue() int {
	head := startOfText(l.text)
	for _, start := range l.lines {
		line := l.text[start:]
		switch {
		case bytes.HasPrefix(line, []byte("---")):
			return l.nextLine(l.endOfLine(start))
		case bytes.HasPrefix(line, []byte("%")):
			head = l.nextLine(l.endOfLine(start))
		case len(line) > 0 && line[0] != '#' && line[0] != ' ' && breakAt(line, 0) == 0:
			return head
		}
	}
	return head
}

// block takes apart the block mapping m whose lines begin at an offset, and
// returns the offset behind them.
func (l *layout) block(m *node, at int) (*format.Block, int) {
	b := &format.Block{Indent: l.columnOf(l.at[m].body)}
	seen := map[string]int{}
	for i := 0; i < len(m.Content); i += 2 {
		start := l.startOfLine(l.pairStart(m, i))
		if start < at || !l.startsLine(l.pairStart(m, i)) {
			return nil, 0
		}
		e := l.entry(m.Content[i], m.Content[i+1], seen)
		e.Lead = string(l.text[at:start])
		end := l.behindPair(m, i)
		from, to := l.fill(&e, m.Content[i], m.Content[i+1], &end)
		if from < start || to < from || end < to {
			return nil, 0
		}
		e.Before = string(l.text[start:from])
		e.After = string(l.text[to:end])
		b.Entries = append(b.Entries, e)
		at = end
	}
	end := at
	if b.Indent > 0 {
		end = l.behindComments(at, b.Indent)
	}
	b.Tail = string(l.text[at:end])
	return b, end
}

// behindComments returns the offset behind the comments from i on that are
// indented by at least so many spaces.
func (l *layout) behindComments(i, indent int) int {
	end := i
	for i < len(l.text) {
		stop := l.endOfLine(i)
		spaces := l.spaces(i, stop-i)
		switch {
		case i+spaces == stop:
		case spaces >= indent && l.is(i+spaces, '#'):
			end = l.nextLine(stop)
		default:
			return end
		}
		if i = l.nextLine(stop); stop == len(l.text) {
			break
		}
	}
	return end
}

// entry is a pair without its text.
func (l *layout) entry(key, value *node, seen map[string]int) format.Entry {
	target := resolveAlias(key)
	kind := kindOf(target)
	e := format.Entry{Path: []string{target.Value}, ID: target.Value}
	switch kind {
	case format.String, kindEquals:
	case kindMerge:
		e.ID = "\x00<<"
	default: // so that it is another key than the text
		e.Path[0] = kind.String() + " " + target.Value
		e.Untext, e.ID = true, "\x00"+e.Path[0]
	}
	if n := seen[e.ID]; n > 0 {
		e.ID += "\x00" + strconv.Itoa(n)
	}
	seen[e.ID]++
	return e
}

// fill takes a value, and returns where it stands. A block mapping can move the
// end of the pair.
func (l *layout) fill(e *format.Entry, key, v *node, end *int) (int, int) {
	x := l.at[v]
	colon, hasColon := l.colon[key]
	if v.Kind == yamllib.MappingNode && !tagged(v) && len(v.Content) > 0 && hasColon {
		if v.Style&yamllib.FlowStyle != 0 {
			if e.Block = l.flowBlock(v); e.Block != nil {
				return x.body, x.end
			}
		} else if end != nil {
			head := colon + 1
			if hasProperties(v) {
				head = l.skipProperties(v, x.start)
			}
			head = l.nextLine(l.endOfLine(head))
			b, behind := l.block(v, head)
			if b != nil {
				e.Block, *end = b, max(*end, behind)
				return head, behind
			}
		}
	}
	e.Source = string(l.text[x.start:x.end])
	e.Value = value(resolveAlias(v))
	return x.start, x.end
}

// flowBlock takes apart a mapping in braces.
func (l *layout) flowBlock(m *node) *format.Block {
	x := l.at[m]
	if !l.is(x.body, '{') || !l.is(x.end-1, '}') {
		return nil
	}
	b := &format.Block{Head: "{", Comma: true}
	seen := map[string]int{}
	at := x.body + 1
	for i := 0; i < len(m.Content); i += 2 {
		start, end := l.pairStart(m, i), l.pairEnd(m, i)
		if start < at {
			return nil
		}
		e := l.entry(m.Content[i], m.Content[i+1], seen)
		e.Lead = string(l.text[at:start])
		from, to := l.fill(&e, m.Content[i], m.Content[i+1], nil)
		if from < start || to < from || end < to {
			return nil
		}
		e.Before = string(l.text[start:from])
		at = end
		if i+2 < len(m.Content) {
			comma := l.skipSpace(end)
			if !l.is(comma, ',') {
				return nil
			}
			e.After = string(l.text[to:comma])
			at = comma + 1
		} else {
			e.After = string(l.text[to:end])
		}
		b.Entries = append(b.Entries, e)
	}
	if x.end < at {
		return nil
	}
	b.Tail = string(l.text[at:x.end])
	return b
}
