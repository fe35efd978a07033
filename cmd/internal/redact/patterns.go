package redact

import (
	"maps"
	"slices"

	"github.com/flask-vault/flask-vault/cmd/internal/forms"
)

// Patterns is the automaton. It does not change and is safe for use by several
// goroutines.
type Patterns struct {
	first [256]int32       // the states after one byte, 0 if nothing begins so
	next  map[uint64]int32 // from a state and a byte to the state one deeper
	fail  []int32          // the state for the longest proper end of a state's text
	depth []int32          // length of a state's text
	match []int32          // length of the longest pattern that ends here, 0 if none
	hold  []int32          // length of the longest end of a state's text that more bytes can make a pattern
}

func edge(state int32, b byte) uint64 { return uint64(state)<<8 | uint64(b) }

// Compile makes the automaton that finds the values in all their forms. Values
// that [forms.Worth] rejects are not found.
func Compile(values []string) *Patterns {
	texts := map[string]bool{}
	for _, v := range values {
		if forms.Worth(v) {
			forms.Each(v, nil, func(text string, _ forms.Kind) { texts[text] = true })
		}
	}
	return compile(slices.Sorted(maps.Keys(texts)))
}

// compile makes the automaton of patterns, none of which is empty.
func compile(patterns []string) *Patterns {
	p := &Patterns{next: map[uint64]int32{}, fail: []int32{0}, depth: []int32{0}, match: []int32{0}}
	type origin struct {
		parent int32
		b      byte
	}
	from := []origin{{}}
	for _, text := range patterns {
		var state int32
		for i := range len(text) {
			to, ok := p.next[edge(state, text[i])]
			if !ok {
				to = int32(len(from))
				from = append(from, origin{state, text[i]})
				p.next[edge(state, text[i])] = to
				p.fail, p.match = append(p.fail, 0), append(p.match, 0)
				p.depth = append(p.depth, int32(i+1))
				if state == 0 {
					p.first[text[i]] = to
				}
			}
			state = to
		}
		p.match[state] = p.depth[state]
	}
	p.hold = make([]int32, len(from))
	for _, f := range from[1:] {
		p.hold[f.parent] = p.depth[f.parent]
	}
	// A state fails to a shorter text, so the shorter ones come first.
	order := make([]int32, len(from)-1)
	for i := range order {
		order[i] = int32(i + 1)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return int(p.depth[a] - p.depth[b]) })
	for _, s := range order {
		if p.depth[s] > 1 {
			p.fail[s] = p.step(p.fail[from[s].parent], from[s].b)
		}
		if p.match[s] == 0 {
			p.match[s] = p.match[p.fail[s]]
		}
		if p.hold[s] == 0 { // nothing goes on from here
			p.hold[s] = p.hold[p.fail[s]]
		}
	}
	return p
}

// step is the state after one more byte.
func (p *Patterns) step(state int32, b byte) int32 {
	for state != 0 {
		if to, ok := p.next[edge(state, b)]; ok {
			return to
		}
		state = p.fail[state]
	}
	return p.first[b]
}
