package merge

import (
	"slices"

	"github.com/flask-vault/flask-vault/format"
)

func ids(b *format.Block, keep func(id string) bool) []string {
	var all []string
	if b != nil {
		for i := range b.Entries {
			if id := b.Entries[i].ID; keep(id) {
				all = append(all, id)
			}
		}
	}
	return all
}

// order puts the entries that the result has in order: that of ours, or of theirs
// if theirs alone moved some. What only the other side has goes behind what stands
// before it there, or to the end.
func order(base, ours, theirs *format.Block, keep map[string]bool) []string {
	b, o, t := index(base), index(ours), index(theirs)
	kept := func(id string) bool { return keep[id] }
	common := func(id string) bool { return b[id] != nil && o[id] != nil && t[id] != nil }
	main, other := ids(ours, kept), ids(theirs, kept)
	has := o
	before := ids(base, common)
	if slices.Equal(ids(ours, common), before) && !slices.Equal(ids(theirs, common), before) {
		main, other, has = other, main, t
	}
	last := -1 // index in other of the last one that main has
	for i, id := range other {
		if has[id] != nil {
			last = i
		}
	}
	place := make(map[string]int, len(main))
	for i, id := range main {
		place[id] = i
	}
	extra := make([][]string, len(main)+1) // what goes in front of each, and to the end
	at := 0                                // where the next one goes that main does not have
	for i, id := range other {
		if has[id] != nil {
			at = place[id] + 1
			continue
		}
		switch {
		case b[id] != nil:
		case i > last: // what is at the end of the one is at the end of the other
			at = len(main)
		default: // behind what main added in the same place
			for at < len(main) && b[main[at]] == nil {
				at++
			}
		}
		extra[at] = append(extra[at], id)
	}
	all := make([]string, 0, len(main)+len(other))
	for i, id := range main {
		all = append(append(all, extra[i]...), id)
	}
	return append(all, extra[len(main)]...)
}
