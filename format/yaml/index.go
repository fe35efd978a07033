package yaml

import (
	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

// entry is a key and its value in the mapping where they are written.
type entry struct {
	in         *node // the mapping
	key, value *node // as written: either can be an alias
}

// mapping is what a mapping node means once merge keys and repeated keys are
// settled.
type mapping struct {
	node   *node
	names  map[string]entry // by text key
	order  []string         // text keys in the document's order
	prefix int              // length of the longest name of a mapping
}

// index holds the mappings that were looked at so far.
type index map[*node]*mapping

// of returns the index of a mapping node.
func (x index) of(n *node) *mapping {
	if m := x[n]; m != nil {
		return m
	}
	m := &mapping{node: n, names: make(map[string]entry, len(n.Content)/2)}
	x[n] = m
	for i := 0; i < len(n.Content); i += 2 { // the last of a repeated key wins
		if name, ok := textKey(n.Content[i]); ok {
			m.names[name] = entry{in: n, key: n.Content[i], value: n.Content[i+1]}
		}
	}
	for i := len(n.Content) - 2; i >= 0; i -= 2 { // the last merge key wins
		if isMerge(n.Content[i]) {
			x.merge(m, n.Content[i+1])
		}
	}
	x.arrange(m)
	for name, e := range m.names {
		if len(name) > m.prefix && resolveAlias(e.value).Kind == yamllib.MappingNode {
			m.prefix = len(name)
		}
	}
	return m
}

// merge adds the names of a merge key's value that m does not have yet. In a
// list the first mapping wins.
func (x index) merge(m *mapping, value *node) {
	for _, source := range mergeSources(value) {
		for name, e := range x.of(source).names {
			if _, has := m.names[name]; !has {
				m.names[name] = e
			}
		}
	}
}

// mergeSources lists the mappings that a merge key names, the winning one first.
func mergeSources(value *node) []*node {
	value = resolveAlias(value)
	if value.Kind == yamllib.MappingNode {
		return []*node{value}
	}
	sources := make([]*node, len(value.Content))
	for i, item := range value.Content {
		sources[i] = resolveAlias(item)
	}
	return sources
}

// arrange puts the names in order: where they stand, or where their merge key does.
func (x index) arrange(m *mapping) {
	m.order = make([]string, 0, len(m.names))
	n := m.node
	for i := 0; i < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			for _, source := range mergeSources(n.Content[i+1]) {
				for _, name := range x.of(source).order {
					if m.names[name] == x.of(source).names[name] {
						m.order = append(m.order, name)
					}
				}
			}
			continue
		}
		if name, ok := textKey(n.Content[i]); ok && m.names[name].key == n.Content[i] {
			m.order = append(m.order, name)
		}
	}
	m.order = unique(m.order)
}

// unique drops what occurred before, which happens if a mapping is merged twice.
func unique(names []string) []string {
	seen := make(map[string]bool, len(names))
	kept := names[:0]
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			kept = append(kept, name)
		}
	}
	return kept
}

// textKey returns the text of a key that is text.
func textKey(key *node) (string, bool) {
	key = resolveAlias(key)
	switch kindOf(key) {
	case format.String, kindEquals:
		return key.Value, true
	}
	return "", false
}

func isMerge(key *node) bool { return kindOf(resolveAlias(key)) == kindMerge }

// tree follows paths through the mappings.
func (x index) tree() *paths.Tree[*mapping, entry] {
	return &paths.Tree[*mapping, entry]{
		Order: func(m *mapping) []string { return m.order },
		Get: func(m *mapping, name string) (entry, bool) {
			e, ok := m.names[name]
			return e, ok
		},
		Into: func(e entry) (*mapping, bool) {
			value := resolveAlias(e.value)
			if value.Kind != yamllib.MappingNode {
				return nil, false
			}
			return x.of(value), true
		},
		IsNull:  func(e entry) bool { return kindOf(resolveAlias(e.value)) == format.Null },
		Longest: func(m *mapping) int { return m.prefix },
	}
}

// found is where a path led.
type found struct {
	entry
	owner *mapping // the mapping that the path names, the top level or a nested one
	up    entry    // the entry whose value owner is; zero for the top level
	alias bool     // owner is reached by an alias or a merge key: others share it
}

// merged says whether the value comes into its mapping by a merge key.
func (f found) merged() bool { return f.in != f.owner.node }

// foundBy turns the steps of a path into what an edit has to know.
func foundBy(steps []paths.Step[*mapping, entry]) found {
	last := len(steps) - 1
	f := found{entry: steps[last].Entry, owner: steps[last].In}
	for _, s := range steps[:last] {
		f.up = s.Entry
		f.alias = f.alias || s.Entry.value.Kind == yamllib.AliasNode || s.Entry.in != s.In.node
	}
	return f
}
