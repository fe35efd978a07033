package yaml

import (
	"fmt"
	"strings"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
)

// hint says why a path that looks right finds nothing, or "".
func (d *document) hint(path string) string {
	if d.root == nil {
		return "the document has no values"
	}
	switch kindOf(d.root) {
	case format.Mapping:
	case format.Null:
		return "the document has no values"
	case format.Sequence:
		return "the document is a list, not names with values"
	default:
		return "the document is a single value, not names with values"
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.untextOf != d.root {
		d.untext, d.untextOf = untextKeys(d.root), d.root
	}
	for name := path; name != ""; name = name[:max(strings.LastIndexByte(name, '.'), 0)] {
		if key := d.untext[name]; key != nil {
			return fmt.Sprintf("the key in line %d is %s, not text; put it in quotes to fetch it",
				key.Line, kindWords(kindOf(resolveAlias(key))))
		}
	}
	return ""
}

// untextKeys are the keys that are not text, by the paths that would lead to them. It
// gives up after so many steps, since aliases could make the search endless.
func untextKeys(root *node) map[string]*node {
	keys := map[string]*node{}
	const longest = 4096 // of a path that somebody would ask for
	steps := 100_000
	var walk func(m *node, prefix string)
	walk = func(m *node, prefix string) {
		for i := 0; i < len(m.Content) && steps > 0; i += 2 {
			steps--
			key, value := resolveAlias(m.Content[i]), resolveAlias(m.Content[i+1])
			if _, isText := textKey(key); !isText && !isMerge(key) && keys[prefix+key.Value] == nil {
				keys[prefix+key.Value] = m.Content[i]
			}
			if value.Kind == yamllib.MappingNode && len(prefix)+len(key.Value) < longest {
				walk(value, prefix+key.Value+".")
			}
		}
	}
	walk(root, "")
	return keys
}

func kindWords(k format.Kind) string {
	switch k {
	case format.Int, format.Float:
		return "a number"
	case format.Bool:
		return "true or false"
	case format.Null:
		return "a null"
	case format.Time:
		return "a date"
	}
	return "binary"
}
