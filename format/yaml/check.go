package yaml

import (
	"strings"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
)

// checker walks a tree once and refuses what PyYAML refuses but the parser
// accepts, and what would unfold to too much.
type checker struct {
	anchors map[string]bool
	sizes   map[*node]size // of anchored nodes that are complete

	// suspects are keys whose place in the text has to be looked at.
	suspects []*node
}

// size is what a node unfolds to: how many nodes, how many bytes in its scalars,
// how many levels of collections.
type size struct{ nodes, bytes, depth int }

func (s *size) add(t size) {
	s.nodes += t.nodes
	s.bytes += t.bytes
	s.depth = max(s.depth, t.depth+1)
}

// place is where a node stands.
type place struct {
	depth int
	flow  bool // within [ ] or { }
}

func fail(n *node, msg string) *format.SyntaxError {
	return &format.SyntaxError{Line: n.Line, Column: n.Column, Msg: msg}
}

// check returns an error of type *format.SyntaxError.
func (c *checker) check(n *node, p place) (size, error) {
	if n.Kind == yamllib.AliasNode {
		s, ok := c.sizes[n.Alias]
		if !ok {
			return size{}, fail(n, "the alias stands for a value that it is part of")
		}
		return s, nil
	}
	if n.Anchor != "" {
		if err := c.anchor(n); err != nil {
			return size{}, err
		}
	}
	s := size{nodes: 1, bytes: len(n.Value)}
	kind := kindOf(n)
	if n.Kind == yamllib.ScalarNode {
		if msg := badScalar(kind, n.Value); msg != "" {
			return size{}, fail(n, msg)
		}
		if p.flow && n.Style&quoted == 0 && (strings.Contains(n.Value, "?") || strings.HasPrefix(n.Value, ":")) {
			return size{}, fail(n, "a value with a question mark, or with a colon in front, needs quotes inside [ ] or { }")
		}
	} else {
		if kind == kindUnknown {
			return size{}, fail(n, "unknown tag, or one that does not fit the value")
		}
		s.depth = 1
		inner := place{depth: p.depth + 1, flow: p.flow || n.Style&yamllib.FlowStyle != 0}
		if inner.depth > maxDepth {
			return size{}, fail(n, "nested more than 100 levels deep")
		}
		if err := c.children(n, inner, &s); err != nil {
			return size{}, err
		}
	}
	switch {
	case s.nodes > maxNodes:
		return size{}, fail(n, "more than a million values, aliases unfolded")
	case s.bytes > maxBytes:
		return size{}, fail(n, "more than 64 MiB, aliases unfolded")
	case s.depth > maxDepth:
		return size{}, fail(n, "nested more than 100 levels deep, aliases followed")
	}
	if n.Anchor != "" {
		c.sizes[n] = s
	}
	return s, nil
}

// children checks the items of a collection and adds up their sizes.
func (c *checker) children(n *node, p place, s *size) error {
	isMapping := n.Kind == yamllib.MappingNode
	for i, item := range n.Content {
		if isMapping && i%2 == 0 {
			if err := c.key(item, n.Content[i+1], p, s); err != nil {
				return err
			}
			continue
		}
		t, err := c.check(item, p)
		if err != nil {
			return err
		}
		s.add(t)
		if s.nodes > maxNodes || s.bytes > maxBytes {
			return fail(item, "too many or too large values, aliases unfolded")
		}
	}
	if !tagged(n) {
		return nil
	}
	switch n.Tag {
	case "!!omap", "!!pairs":
		return checkPairs(n)
	case "!!set":
		return checkSet(n)
	}
	return nil
}

// checkSet refuses values in a !!set, which PyYAML would drop.
func checkSet(n *node) error {
	for i := 1; i < len(n.Content); i += 2 {
		if value := resolveAlias(n.Content[i]); kindOf(value) != format.Null {
			return fail(value, "!!set holds names without values")
		}
	}
	return nil
}

// key checks a key, which is a scalar or an alias of one.
func (c *checker) key(key, value *node, p place, s *size) error {
	target := resolveAlias(key)
	if target.Kind != yamllib.ScalarNode {
		return fail(key, "a list or mapping cannot be a name")
	}
	if isEmptyPlain(key) && !hasProperties(key) || p.flow && key.Line != value.Line || len(target.Value) > maxSimpleKey/4 {
		c.suspects = append(c.suspects, key)
	}
	switch kind := kindOf(target); kind {
	case kindMerge:
		if !mergeable(value) {
			return fail(value, "<< needs a mapping or a list of mappings")
		}
	case kindEquals: // "=" is text where a name stands
	default:
		if _, err := c.check(key, p); err != nil {
			return err
		}
	}
	s.add(size{nodes: 1, bytes: len(target.Value)})
	return nil
}

// mergeable says whether a node can be the value of a merge key.
func mergeable(n *node) bool {
	n = resolveAlias(n)
	if n.Kind == yamllib.MappingNode {
		return true
	}
	if n.Kind != yamllib.SequenceNode {
		return false
	}
	for _, item := range n.Content {
		if resolveAlias(item).Kind != yamllib.MappingNode {
			return false
		}
	}
	return true
}

// checkPairs checks the items of !!omap and !!pairs.
func checkPairs(n *node) error {
	for _, item := range n.Content {
		if t := resolveAlias(item); t.Kind != yamllib.MappingNode || len(t.Content) != 2 {
			return fail(item, "!!omap and !!pairs need mappings of one name each")
		}
	}
	return nil
}

// anchor refuses names that YAML 1.1 does not have, and a name used twice.
func (c *checker) anchor(n *node) error {
	for i := range len(n.Anchor) {
		if b := n.Anchor[i]; !isWordByte(b) {
			return fail(n, "the name of an anchor has letters, digits, - and _ only")
		}
	}
	if c.anchors[n.Anchor] {
		return fail(n, "an anchor of this name stands in the document already")
	}
	if c.anchors == nil {
		c.anchors = make(map[string]bool)
	}
	c.anchors[n.Anchor] = true
	return nil
}

func isWordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_'
}

// resolveAlias returns what an alias stands for, and any other node itself.
func resolveAlias(n *node) *node {
	if n.Kind == yamllib.AliasNode {
		return n.Alias
	}
	return n
}
