package merge

import (
	"bytes"
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// output is a text under way.
type output struct{ bytes.Buffer }

// newLine begins a line, if the text is not at the start of one.
func (b *output) newLine(with string) {
	if n := b.Len(); n > 0 && !endsLine(string(b.Bytes()[n-1:])) && (n > 3 || b.String() != "\ufeff") {
		b.WriteString(with)
	}
}

// braces puts the braces of an empty mapping behind the key on the last line, and in
// front of its comment.
func (b *output) braces(newline string) {
	text := strings.TrimRight(b.String(), "\r\n")
	start := strings.LastIndexByte(text, '\n') + 1
	line, comment := text[start:], ""
	if colon := strings.IndexByte(line, ':'); colon >= 0 {
		if i := strings.Index(line[colon:], " #"); i >= 0 {
			line, comment = line[:colon+i], line[colon+i:]
		}
	}
	b.Truncate(start)
	b.WriteString(line + " {}" + comment + newline)
}

// marked writes two versions between markers.
func (b *output) marked(newline string, ours, theirs func()) {
	b.newLine(newline)
	b.WriteString(markOurs + "ours" + newline)
	ours()
	b.newLine(newline)
	b.WriteString(markMiddle + newline)
	theirs()
	b.newLine(newline)
	b.WriteString(markTheirs + "theirs" + newline)
}

// renderer writes the text of a plan.
type renderer struct {
	whole bool // take the line of a value from the side that changed it, comment included
	marks bool // write both sides of a conflict

	out     output
	newline string
	failed  bool
	marked  int // how many conflicts were written
}

func (m *merger) render(r *renderer) ([]byte, bool) {
	r.newline = newlineOf(m.ours)
	r.block(m.plan)
	return r.out.Bytes(), !r.failed
}

// copyOf is a block that can be changed; an empty one for nil.
func copyOf(b *format.Block) *format.Block {
	if b == nil {
		return &format.Block{}
	}
	c := *b
	c.Entries = append([]format.Entry(nil), b.Entries...)
	return &c
}

// shifted is a block with its lines moved to another indentation.
func shifted(b *format.Block, indent int) *format.Block {
	by := indent - b.Indent
	if by == 0 {
		return b
	}
	atStart := true
	var walk func(b *format.Block) *format.Block
	walk = func(b *format.Block) *format.Block {
		c := copyOf(b)
		c.Indent += by
		c.Head = shift(c.Head, by, &atStart)
		for i := range c.Entries {
			e := &c.Entries[i]
			e.Lead, e.Before = shift(e.Lead, by, &atStart), shift(e.Before, by, &atStart)
			if e.Block != nil {
				e.Block = walk(e.Block)
			} else {
				e.Source = shift(e.Source, by, &atStart)
			}
			e.After = shift(e.After, by, &atStart)
		}
		c.Tail = shift(c.Tail, by, &atStart)
		return c
	}
	return walk(b)
}

// block writes a mapping.
func (r *renderer) block(p *plan) {
	if text, ok := p.unmixed(); ok && !(r.marks && p.hasConflict()) {
		r.out.WriteString(text)
		return
	}
	if p.ours.Comma != p.theirs.Comma {
		r.failed = true
		return
	}
	s := newSides(p)
	if !s.ours.Comma {
		s.settleStart()
	}
	r.out.WriteString(comments(s.base.Head, s.ours.Head, s.theirs.Head))
	for i := range p.picks {
		k := s.of(&p.picks[i])
		switch {
		case s.ours.Comma && i > 0:
			r.out.WriteByte(',')
		case !s.ours.Comma:
			r.out.newLine(r.newline)
		}
		r.pick(&k)
	}
	if len(p.picks) == 0 && !s.ours.Comma && s.ours.Indent > 0 { // a mapping of YAML needs braces then
		r.out.braces(r.newline)
	}
	tail := comments(s.base.Tail, s.ours.Tail, s.theirs.Tail)
	if s.ours.Comma {
		tail, _ = either(s.base.Tail, s.ours.Tail, s.theirs.Tail)
		if tail == "" {
			tail = s.ours.Tail
		}
	} else if tail != "" {
		r.out.newLine(r.newline)
	}
	r.out.WriteString(tail)
}

// unmixed is the text of one side, if the other left the mapping as it was.
func (p *plan) unmixed() (string, bool) {
	if p.base == nil {
		return "", false
	}
	text, ok := either(p.base.Text(), p.ours.Text(), p.theirs.Text())
	if !ok {
		return "", false
	}
	side := p.ours
	if text != side.Text() {
		side = p.theirs
	}
	want, have := leaves{}, leaves{} // a decision can be against it
	want.plan(p, nil)
	have.block(side, nil)
	return text, have.equal(want)
}

func (p *plan) hasConflict() bool {
	for i := range p.picks {
		if p.picks[i].conflict || p.picks[i].inner != nil && p.picks[i].inner.hasConflict() {
			return true
		}
	}
	return false
}

// pick writes an entry.
func (r *renderer) pick(k *pick) {
	switch {
	case k.conflict && r.marks:
		lead := 0 // of a comment that both sides have, which stands above the markers
		if k.ours != nil && k.theirs != nil && k.ours.Lead == k.theirs.Lead {
			lead = strings.LastIndexAny(k.ours.Lead, "\r\n") + 1
			r.out.WriteString(k.ours.Lead[:lead])
		}
		side := func(e *format.Entry) func() {
			return func() {
				if e != nil {
					r.out.WriteString(strings.TrimLeft(e.Lead[lead:], "\r\n") + e.Text()[len(e.Lead):])
				}
			}
		}
		r.marked++
		r.out.marked(r.newline, side(k.ours), side(k.theirs))
		return
	case k.taken || k.ours == nil || k.theirs == nil:
		r.out.WriteString(k.entry().Text())
		return
	}
	base := k.base
	if base == nil {
		base = &format.Entry{}
	}
	r.out.WriteString(comments(base.Lead, k.ours.Lead, k.theirs.Lead))
	value := k.entry()
	if k.inner != nil && k.form != 0 && len(k.inner.picks) == 0 {
		value = k.theirs
		if k.form == Theirs {
			value = k.ours
		}
		r.out.WriteString(value.Before + value.Source + value.After)
		return
	}
	switch k.form { // the key's line goes with the way the value is written
	case Ours:
		value, base = k.ours, &format.Entry{Before: k.theirs.Before, After: k.theirs.After}
	case Theirs:
		value, base = k.theirs, &format.Entry{Before: k.ours.Before, After: k.ours.After}
	}
	part := func(base, ours, theirs, chosen string) string {
		if text, ok := either(base, ours, theirs); ok && !(r.whole && k.from != 0) {
			return text
		}
		return chosen
	}
	r.out.WriteString(part(base.Before, k.ours.Before, k.theirs.Before, value.Before))
	switch {
	case k.inner != nil:
		r.block(k.inner)
	case value.Block != nil:
		r.out.WriteString(value.Block.Text())
	case k.from != 0:
		r.out.WriteString(value.Source)
	default:
		r.out.WriteString(part(base.Source, k.ours.Source, k.theirs.Source, value.Source))
	}
	r.out.WriteString(part(base.After, k.ours.After, k.theirs.After, value.After))
}

// sides are the versions of a mapping, prepared for putting them together.
type sides struct {
	base, ours, theirs *format.Block
	hasBase            bool
	b, o, t            map[string]*format.Entry
}

func newSides(p *plan) *sides {
	s := &sides{base: copyOf(p.base), ours: copyOf(p.ours), theirs: copyOf(p.theirs), hasBase: p.base != nil}
	if !s.ours.Comma && len(s.ours.Entries) > 0 {
		if len(s.base.Entries) > 0 {
			s.base = copyOf(shifted(s.base, s.ours.Indent))
		}
		if len(s.theirs.Entries) > 0 {
			s.theirs = copyOf(shifted(s.theirs, s.ours.Indent))
		}
	}
	s.b, s.o, s.t = index(s.base), index(s.ours), index(s.theirs)
	return s
}

// of is a pick with the prepared entries.
func (s *sides) of(k *pick) pick {
	prepared := *k
	for _, e := range []struct {
		entry **format.Entry
		from  map[string]*format.Entry
	}{{&prepared.base, s.b}, {&prepared.ours, s.o}, {&prepared.theirs, s.t}} {
		if *e.entry != nil {
			*e.entry = e.from[(*e.entry).ID]
		}
	}
	if k.inner != nil {
		inner := *k.inner
		switch k.form {
		case Ours:
			inner.ours, inner.theirs = prepared.ours.Block, emptied(prepared.theirs, prepared.ours)
		case Theirs:
			inner.ours, inner.theirs = emptied(prepared.ours, prepared.theirs), prepared.theirs.Block
		default:
			inner.ours, inner.theirs = prepared.ours.Block, prepared.theirs.Block
		}
		if inner.base != nil {
			inner.base = prepared.base.Block
		}
		prepared.inner = &inner
	}
	return prepared
}

// settleStart takes the lines that all versions begin with for the head of the
// document, and not for a comment of the first key: else a comment would go or
// come twice where the first key does.
func (s *sides) settleStart() {
	all := []*format.Block{s.ours, s.theirs}
	if s.hasBase {
		all = append(all, s.base)
	}
	var starts []string
	for _, b := range all {
		starts = append(starts, b.Head+*startOf(b))
	}
	head := commonStart(starts...)
	for i, b := range all {
		b.Head = head
		*startOf(b) = starts[i][len(head):]
	}
	// What was at the end of the base stands above the keys that both sides added
	// there. Once is enough.
	if end := s.base.Tail; strings.TrimSpace(end) != "" && s.added(s.ours, end) != nil {
		if e := s.added(s.theirs, end); e != nil {
			e.Lead = e.Lead[len(end):]
		}
	}
}

// startOf is the text between the head of a block and its first key.
func startOf(b *format.Block) *string {
	if len(b.Entries) > 0 {
		return &b.Entries[0].Lead
	}
	return &b.Tail
}

// added returns the key that a side added below a text.
func (s *sides) added(side *format.Block, below string) *format.Entry {
	for i := range side.Entries {
		if e := &side.Entries[i]; s.b[e.ID] == nil && strings.HasPrefix(e.Lead, below) {
			return e
		}
	}
	return nil
}
