package yaml

import (
	"strings"

	yamllib "go.yaml.in/yaml/v4"
)

// render writes a collection as YAML that stands alone: aliases are replaced by
// what they stand for, merge keys by what they merge in, and of a repeated key
// the last is left. Block collections stay blocks.
func render(n *node) string {
	var r renderer
	if n.Style&yamllib.FlowStyle != 0 || len(n.Content) == 0 {
		r.flow(n)
	} else {
		if tagged(n) {
			r.WriteString(n.Tag)
			r.WriteByte('\n')
		}
		r.block(n, 0, false)
	}
	return strings.TrimSuffix(r.String(), "\n")
}

type renderer struct{ strings.Builder }

// pair is a key and its value, neither an alias.
type pair struct{ key, value *node }

// pairs lists what a mapping holds, merged ones first.
func pairs(n *node) []pair {
	var all []pair
	for i := 0; i < len(n.Content); i += 2 {
		if !isMerge(n.Content[i]) {
			continue
		}
		sources := mergeSources(n.Content[i+1])
		for j := len(sources) - 1; j >= 0; j-- { // the first one wins, so it comes last
			all = append(all, pairs(sources[j])...)
		}
	}
	for i := 0; i < len(n.Content); i += 2 {
		if !isMerge(n.Content[i]) {
			all = append(all, pair{resolveAlias(n.Content[i]), resolveAlias(n.Content[i+1])})
		}
	}
	last := make(map[string]int, len(all))
	for i, p := range all {
		if name, ok := textKey(p.key); ok {
			last[name] = i
		}
	}
	kept := all[:0]
	for i, p := range all {
		if name, ok := textKey(p.key); ok && last[name] != i {
			continue
		}
		kept = append(kept, p)
	}
	return kept
}

// block writes a collection, one item a line, each indented by indent spaces.
// With inline the first item stands on the line that is begun.
func (r *renderer) block(n *node, indent int, inline bool) {
	start := func() {
		if !inline {
			r.WriteString(strings.Repeat(" ", indent))
		}
		inline = false
	}
	if n.Kind == yamllib.SequenceNode {
		for _, item := range n.Content {
			start()
			r.WriteString("- ")
			r.inBlock(resolveAlias(item), indent+2, true)
		}
		return
	}
	for _, p := range pairs(n) {
		start()
		r.key(p.key, indent, false)
		r.WriteByte(':')
		r.inBlock(p.value, indent+2, false)
	}
}

// inBlock writes the value of an item of a block collection and ends the line.
func (r *renderer) inBlock(n *node, indent int, afterDash bool) {
	isBlock := n.Kind != yamllib.ScalarNode && n.Style&yamllib.FlowStyle == 0 && len(n.Content) > 0
	switch {
	case isBlock && !tagged(n) && afterDash:
		r.block(n, indent, true)
		return
	case isBlock:
		if tagged(n) {
			if !afterDash {
				r.WriteByte(' ')
			}
			r.WriteString(n.Tag)
		}
		r.WriteByte('\n')
		r.block(n, indent, false)
		return
	}
	if n.Kind != yamllib.ScalarNode || !isEmptyPlain(n) {
		if !afterDash {
			r.WriteByte(' ')
		}
		if n.Kind == yamllib.ScalarNode {
			r.scalar(n, false)
		} else {
			r.flow(n)
		}
	}
	r.WriteByte('\n')
}

// flow writes a collection on one line.
func (r *renderer) flow(n *node) {
	if tagged(n) {
		r.WriteString(n.Tag)
		r.WriteByte(' ')
	}
	if n.Kind == yamllib.SequenceNode {
		r.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				r.WriteString(", ")
			}
			r.inFlow(resolveAlias(item))
		}
		r.WriteByte(']')
		return
	}
	r.WriteByte('{')
	for i, p := range pairs(n) {
		if i > 0 {
			r.WriteString(", ")
		}
		r.key(p.key, 0, true)
		r.WriteString(": ")
		r.inFlow(p.value)
	}
	r.WriteByte('}')
}

func (r *renderer) inFlow(n *node) {
	switch {
	case n.Kind != yamllib.ScalarNode:
		r.flow(n)
	case isEmptyPlain(n):
		r.WriteString("null")
	default:
		r.scalar(n, true)
	}
}

// maxSimpleKey is the length in characters from which on a key needs a question
// mark before it.
const maxSimpleKey = 1000

func (r *renderer) key(n *node, indent int, flow bool) {
	if isEmptyPlain(n) {
		r.WriteByte('~')
		return
	}
	var text renderer
	text.scalar(n, flow)
	if text.Len() > maxSimpleKey {
		r.WriteString("? ")
		r.WriteString(text.String())
		if !flow {
			r.WriteByte('\n')
			r.WriteString(strings.Repeat(" ", indent))
		}
		return
	}
	r.WriteString(text.String())
}

// scalar writes a scalar so that it reads back as the same value of the same type.
func (r *renderer) scalar(n *node, flow bool) {
	switch {
	case tagged(n) && n.Tag == "!!value":
		r.WriteString(`"="`)
	case tagged(n) && n.Tag != "!!str":
		r.WriteString(n.Tag)
		r.WriteByte(' ')
		r.WriteString(quote(n.Value))
	case isText(n):
		r.WriteString(writeString(n.Value, flow))
	default:
		r.WriteString(n.Value) // a number, bool, null or date, as written
	}
}

// isText says whether a scalar is text, as a value or as a key.
func isText(n *node) bool {
	_, ok := textKey(n)
	return ok
}

func isEmptyPlain(n *node) bool {
	return n.Kind == yamllib.ScalarNode && n.Value == "" && !isText(n) && !tagged(n)
}
