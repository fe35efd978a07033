// Package paths follows paths through nested mappings, as all formats with named
// values do it.
//
// A path is first taken as one name, dots included. Only if the mapping has no
// such name, its beginning is looked for: the longest name of a mapping in front
// of a dot, with the rest of the path in that mapping, then the next shorter one.
// So production.db.url finds "db.url" inside of production, as well as url inside
// of db inside of production.
package paths

import "strings"

// Tree says how a document is made of mappings (M) and entries (E), which are
// names with their values.
type Tree[M, E comparable] struct {
	// Order lists the names of a mapping as they stand in the document.
	Order func(M) []string
	// Get returns the entry of a name.
	Get func(M, string) (E, bool)
	// Into returns the mapping that is the value of an entry.
	Into func(E) (M, bool)
	// IsNull says whether the value of an entry is null. Leaves leaves it out.
	IsNull func(E) bool
	// Longest returns a length that no name of a mapping in it exceeds.
	Longest func(M) int
}

// Step is an entry on the way of a path, and the mapping it was found in.
type Step[M, E comparable] struct {
	In    M
	Name  string
	Entry E
}

// Find returns the steps to the value at a path; the last one is the value
// itself. It returns nil if there is none.
func (t *Tree[M, E]) Find(top M, path string) []Step[M, E] {
	return t.search(top, path, 1, nil)
}

// dead is a mapping and the length of a rest of the path that it does not have.
type dead[M comparable] struct {
	in   M
	rest int
}

// search fills the steps from the last one to the first. Tried keeps it from
// cutting a path in the same place twice, which aliases could make endless.
func (t *Tree[M, E]) search(in M, path string, depth int, tried map[dead[M]]bool) []Step[M, E] {
	if e, ok := t.Get(in, path); ok {
		steps := make([]Step[M, E], depth)
		steps[depth-1] = Step[M, E]{in, path, e}
		return steps
	}
	state := dead[M]{in, len(path)}
	if tried[state] {
		return nil
	}
	longest := t.Longest(in)
	for end := len(path); ; {
		end = strings.LastIndexByte(path[:min(end, longest+1)], '.')
		if end < 0 {
			break
		}
		e, ok := t.Get(in, path[:end])
		if !ok {
			continue
		}
		child, ok := t.Into(e)
		if !ok {
			continue
		}
		if tried == nil {
			tried = make(map[dead[M]]bool)
		}
		if steps := t.search(child, path[end+1:], depth+1, tried); steps != nil {
			steps[depth-1] = Step[M, E]{in, path[:end], e}
			return steps
		}
	}
	if tried != nil {
		tried[state] = true
	}
	return nil
}

// Leaves lists the paths of all values that are neither mappings nor null, as
// far as Find gives back that very value, each once.
func (t *Tree[M, E]) Leaves(top M) []string {
	var leaves []string
	var seen map[string]bool
	var walk func(in M, prefix string)
	walk = func(in M, prefix string) {
		for _, name := range t.Order(in) {
			e, ok := t.Get(in, name)
			if !ok {
				continue
			}
			path := prefix + name
			if child, ok := t.Into(e); ok {
				walk(child, path+".")
				continue
			}
			if t.IsNull(e) {
				continue
			}
			if in == top {
				leaves = append(leaves, path)
				continue
			}
			steps := t.Find(top, path)
			if len(steps) == 0 || steps[len(steps)-1].Entry != e || seen[path] {
				continue // another value answers to this path
			}
			if seen == nil {
				seen = make(map[string]bool)
			}
			seen[path] = true
			leaves = append(leaves, path)
		}
	}
	walk(top, "")
	return leaves
}

// Prefixes calls f with each beginning of a path that ends before a dot, the
// longest first, and with the rest behind that dot, until f returns false.
func Prefixes(path string, f func(prefix, rest string) bool) {
	for dot := strings.LastIndexByte(path, '.'); dot >= 0; dot = strings.LastIndexByte(path[:dot], '.') {
		if !f(path[:dot], path[dot+1:]) {
			return
		}
	}
}
