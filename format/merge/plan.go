package merge

import (
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// plan is a mapping of the result: which entries it has, and from where.
type plan struct {
	base, ours, theirs *format.Block // any can be nil, if the side has none
	picks              []pick
}

// pick is an entry of the result. The sides that do not have it are nil.
type pick struct {
	base, ours, theirs *format.Entry

	from     Side  // whose value it has; 0 if both have the same
	taken    bool  // the entry is taken from that side with all that belongs to it
	inner    *plan // the value, if it is put together from both sides
	form     Side  // the side that alone writes it as a mapping with keys; 0 for both
	conflict bool
}

// entry is the entry that gives the value.
func (p *pick) entry() *format.Entry {
	if p.from == Theirs || p.ours == nil {
		return p.theirs
	}
	return p.ours
}

func dotted(path []string) string { return strings.Join(path, ".") }

func below(path []string, e *format.Entry) []string {
	return append(slices.Clone(path), e.Path...)
}

// versions are the three states of one entry.
type versions struct{ base, ours, theirs *format.Entry }

func (v versions) any() *format.Entry {
	switch {
	case v.ours != nil:
		return v.ours
	case v.theirs != nil:
		return v.theirs
	}
	return v.base
}

func index(b *format.Block) map[string]*format.Entry {
	x := map[string]*format.Entry{}
	if b != nil {
		for i := range b.Entries {
			x[b.Entries[i].ID] = &b.Entries[i]
		}
	}
	return x
}

// blocks merges mappings. Path leads to them.
func (m *merger) blocks(base, ours, theirs *format.Block, path []string) *plan {
	p := &plan{base: base, ours: ours, theirs: theirs}
	b, o, t := index(base), index(ours), index(theirs)
	merged := map[string]pick{}
	keep := map[string]bool{}
	for _, ids := range []map[string]*format.Entry{o, t} {
		for id := range ids {
			if _, done := merged[id]; done {
				continue
			}
			k, ok := m.decide(versions{b[id], o[id], t[id]}, path)
			merged[id], keep[id] = k, ok
		}
	}
	for _, id := range order(base, ours, theirs, keep) {
		p.picks = append(p.picks, merged[id])
	}
	m.note(p, b, o, t, path, merged)
	return p
}

// note lists the conflicts of a mapping in the order of ours, then of theirs.
func (m *merger) note(p *plan, b, o, t map[string]*format.Entry, path []string, merged map[string]pick) {
	seen := map[string]bool{}
	for _, side := range []*format.Block{p.ours, p.theirs} {
		if side == nil {
			continue
		}
		for i := range side.Entries {
			id := side.Entries[i].ID
			if k := merged[id]; !seen[id] && k.conflict {
				seen[id] = true
				v := versions{b[id], o[id], t[id]}
				m.conflict(dotted(below(path, v.any())), valueOf(v.base), valueOf(v.ours), valueOf(v.theirs))
			}
		}
	}
}

func (m *merger) conflict(key string, base, ours, theirs *format.Value) {
	if m.noted[key] {
		return
	}
	m.noted[key] = true
	m.conflicts = append(m.conflicts, Conflict{Key: key, Base: base, Ours: ours, Theirs: theirs})
}

func valueOf(e *format.Entry) *format.Value {
	if e == nil {
		return nil
	}
	v := e.Value
	if e.Block != nil {
		v = format.NewValue(format.Mapping, e.Block.Text())
	}
	return &v
}

// decide merges one entry, and says whether the result has it.
func (m *merger) decide(v versions, path []string) (pick, bool) {
	b, o, t := v.base, v.ours, v.theirs
	p := pick{base: b, ours: o, theirs: t}
	path = below(path, v.any())
	if side, ok := m.decided[dotted(path)]; ok && len(v.any().Path) > 0 {
		p.from, p.taken = side, true
		if side == Ours {
			p.theirs = nil
			return p, o != nil
		}
		p.ours = nil
		return p, t != nil
	}
	switch {
	case o == nil && b == nil:
		p.from, p.taken, p.theirs = Theirs, true, m.without(t, Theirs, path)
		return p, p.theirs != nil
	case t == nil && b == nil:
		p.from, p.taken, p.ours = Ours, true, m.without(o, Ours, path)
		return p, p.ours != nil
	case o == nil:
		p.conflict, p.from, p.taken = !same(b, t), Theirs, true
		return p, p.conflict
	case t == nil:
		p.conflict, p.from, p.taken = !same(b, o), Ours, true
		return p, p.conflict
	case o.Block != nil && t.Block != nil:
		p.inner = m.blocks(blockOf(b), o.Block, t.Block, path)
	case b == nil || b.Block != nil || isEmpty(b):
		if block := emptied(o, t); block != nil {
			p.form, p.inner = Theirs, m.blocks(blockOf(b), block, t.Block, path)
			return p, true
		}
		if block := emptied(t, o); block != nil {
			p.form, p.inner = Ours, m.blocks(blockOf(b), o.Block, block, path)
			return p, true
		}
		m.choose(&p)
	default:
		m.choose(&p)
	}
	return p, true
}

// choose takes one side's value.
func (m *merger) choose(p *pick) {
	switch b, o, t := p.base, p.ours, p.theirs; {
	case same(o, t):
	case b != nil && same(b, o):
		p.from = Theirs
	case b != nil && same(b, t):
		p.from = Ours
	default:
		p.conflict, p.from = true, Ours
	}
}

// isEmpty says whether an entry is a mapping without keys, written as a value.
func isEmpty(e *format.Entry) bool { return e.Block == nil && e.Value.Equal(emptyMapping) }

// emptied is e as a block without entries like that of other, if e is an empty
// mapping and other one with keys. Else it is nil.
func emptied(e, other *format.Entry) *format.Block {
	if !isEmpty(e) || other.Block == nil {
		return nil
	}
	b := *other.Block
	b.Entries = nil
	return &b
}

func blockOf(e *format.Entry) *format.Block {
	if e == nil {
		return nil
	}
	return e.Block
}

// without is what a side added at a path, less the keys that get the other side's
// state. It is nil if nothing is left.
func (m *merger) without(e *format.Entry, side Side, path []string) *format.Entry {
	if e.Block == nil || len(m.decided) == 0 {
		return e
	}
	c := *e
	c.Block = copyOf(e.Block)
	c.Block.Entries = nil
	for i := range e.Block.Entries {
		inner := &e.Block.Entries[i]
		path := below(path, inner)
		if s, ok := m.decided[dotted(path)]; ok && s != side {
			continue
		}
		if inner = m.without(inner, side, path); inner != nil {
			c.Block.Entries = append(c.Block.Entries, *inner)
		}
	}
	if len(c.Block.Entries) == 0 && len(e.Block.Entries) > 0 {
		return nil
	}
	return &c
}

// same says whether two entries have the same value.
func same(a, b *format.Entry) bool {
	if a.Block == nil && b.Block == nil {
		return a.Value.Equal(b.Value)
	}
	if a.Block == nil || b.Block == nil {
		return false
	}
	x, y := leaves{}, leaves{}
	x.block(a.Block, nil)
	y.block(b.Block, nil)
	return x.equal(y)
}

// ambiguous finds names that both sides gave a value, but in different places: as
// the flat key "db.user" and as user in the mapping db. Only one could be read.
func (m *merger) ambiguous(blocks [3]*format.Block) {
	type state struct {
		places map[string]bool
		side   [3]string
		value  [3]*format.Value
	}
	states := map[string]*state{}
	var names []string
	for side, b := range blocks {
		var walk func(b *format.Block, path []string, id string)
		walk = func(b *format.Block, path []string, id string) {
			for i := range b.Entries {
				e := &b.Entries[i]
				path, id := below(path, e), id+"\x01"+e.ID
				if e.Block != nil {
					walk(e.Block, path, id)
					continue
				}
				name := dotted(path)
				s := states[name]
				if s == nil {
					s = &state{places: map[string]bool{}}
					states[name] = s
					names = append(names, name)
				}
				s.places[id] = true
				s.side[side] += id + "\x02" + e.Value.Kind().String() + "\x02" + e.Value.Reveal() + "\x03"
				s.value[side] = &e.Value
			}
		}
		walk(b, nil, "")
	}
	for _, name := range names {
		s := states[name]
		if _, done := m.decided[name]; done || len(s.places) < 2 {
			continue
		}
		if s.side[1] != s.side[0] && s.side[2] != s.side[0] && s.side[1] != s.side[2] {
			m.conflict(name, s.value[0], s.value[1], s.value[2])
		}
	}
}
