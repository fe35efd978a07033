package search

import "slices"

// prefix is how many bytes of a pattern are in the automaton. More would make
// the table larger, and hardly ever save a comparison.
const prefix = 8

// Set is a set of patterns. It is safe for use by several goroutines.
type Set struct {
	patterns []string
	longest  int // bytes
	shortest int // bytes

	class [256]uint8 // bytes that no beginning has are of class 0
	// next is the state after one more byte: its row is at state, and holds one
	// entry for each class. A state is the index of its row.
	next []uint32
	// ends lists the patterns whose beginning ends in a state, for the states
	// from firstEnd on.
	ends     [][]int32
	firstEnd uint32
	width    uint32 // entries of a row

	grams *grams // nil if a pattern is too short for it
}

// New makes the set of patterns, which are known by their index from then on.
// Empty ones are never found.
func New(patterns []string) *Set {
	s := &Set{patterns: patterns}
	t := newTrie()
	for i, p := range patterns {
		s.longest = max(s.longest, len(p))
		if p != "" {
			if s.shortest == 0 || len(p) < s.shortest {
				s.shortest = len(p)
			}
			t.add(p[:min(len(p), prefix)], int32(i))
		}
	}
	s.compile(t)
	s.grams = newGrams(patterns)
	return s
}

// Longest is the length in bytes of the longest pattern.
func (s *Set) Longest() int { return s.longest }

// Len is the length in bytes of a pattern.
func (s *Set) Len(pattern int) int { return len(s.patterns[pattern]) }

// Find calls found for each place in text where a pattern begins, until it
// returns false. The places of one pattern come in order.
func (s *Set) Find(text []byte, found func(pattern, at int) bool) {
	if len(s.next) == 0 {
		return
	}
	next, class, firstEnd := s.next, &s.class, s.firstEnd
	state := uint32(0)
	for i := 0; i < len(text); {
		if state == 0 && s.grams != nil {
			if i = s.grams.skip(text, i); i < 0 {
				return
			}
		}
		for end := min(i+stride, len(text)); i < end; i++ {
			state = next[state+uint32(class[text[i]])]
			if state < firstEnd {
				continue
			}
			for _, p := range s.ends[(state-firstEnd)/s.width] {
				pattern := s.patterns[p]
				at := i + 1 - min(len(pattern), prefix)
				if len(pattern) <= len(text)-at && string(text[at:at+len(pattern)]) == pattern && !found(int(p), at) {
					return
				}
			}
		}
	}
}

// stride is how many bytes go through the automaton before the text is skipped
// through again.
const stride = 2 * prefix

// trie is the tree of all beginnings. Node 0 is the empty one.
type trie struct {
	child []map[byte]int32
	ends  [][]int32
}

func newTrie() *trie { return &trie{child: []map[byte]int32{{}}, ends: [][]int32{nil}} }

func (t *trie) add(text string, pattern int32) {
	node := int32(0)
	for i := range len(text) {
		to, ok := t.child[node][text[i]]
		if !ok {
			to = int32(len(t.child))
			t.child = append(t.child, map[byte]int32{})
			t.ends = append(t.ends, nil)
			t.child[node][text[i]] = to
		}
		node = to
	}
	t.ends[node] = append(t.ends[node], pattern)
}

// compile fills the table. Nodes are taken level by level, so that the row of
// the longest proper end of a node's text is there before the node's own.
func (s *Set) compile(t *trie) {
	if len(t.child) == 1 {
		return
	}
	classes := s.classify(t)
	order := []int32{0}
	fail := make([]int32, len(t.child))
	rows := make([][]int32, len(t.child)) // by class, in nodes
	for at := 0; at < len(order); at++ {
		node := order[at]
		row := make([]int32, classes)
		if node != 0 {
			copy(row, rows[fail[node]])
			t.ends[node] = append(slices.Clip(t.ends[node]), t.ends[fail[node]]...)
		}
		for b, to := range t.child[node] {
			if node != 0 {
				fail[to] = row[s.class[b]]
			}
			row[s.class[b]] = to
			order = append(order, to)
		}
		rows[node] = row
	}
	s.number(t, rows)
}

// classify gives each byte that a beginning has a class of its own.
func (s *Set) classify(t *trie) (classes int) {
	var used [256]bool
	for _, c := range t.child {
		for b := range c {
			used[b] = true
		}
	}
	if slices.Contains(used[:], false) {
		classes = 1 // class 0 is of those that are not used
	}
	for b, u := range used {
		if u {
			s.class[b] = uint8(classes)
			classes++
		}
	}
	return classes
}

// number lays the rows out, those in which a beginning ends last.
func (s *Set) number(t *trie, rows [][]int32) {
	s.width = uint32(len(rows[0]))
	state := make([]uint32, len(rows))
	n := uint32(0)
	for _, ending := range []bool{false, true} {
		if ending {
			s.firstEnd = n
		}
		for node := range rows {
			if (len(t.ends[node]) > 0) == ending {
				state[node] = n
				n += s.width
				if ending {
					s.ends = append(s.ends, t.ends[node])
				}
			}
		}
	}
	s.next = make([]uint32, n)
	for node, row := range rows {
		for c, to := range row {
			s.next[state[node]+uint32(c)] = state[to]
		}
	}
}
