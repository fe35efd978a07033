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
	steps := 10_000
	if key := untextKey(d.root, path, &steps); key != nil {
		return fmt.Sprintf("the key in line %d is %s, not text; put it in quotes to fetch it",
			key.Line, kindWords(kindOf(resolveAlias(key))))
	}
	return ""
}

// untextKey looks for a key on the way of the path that is not text. It gives up
// after so many steps, since aliases could make the search endless.
func untextKey(m *node, path string, steps *int) *node {
	for i := 0; i < len(m.Content) && *steps > 0; i += 2 {
		*steps--
		key, value := resolveAlias(m.Content[i]), resolveAlias(m.Content[i+1])
		name := key.Value
		rest, isPrefix := strings.CutPrefix(path, name+".")
		isPrefix = isPrefix && value.Kind == yamllib.MappingNode
		if _, isText := textKey(key); !isText && !isMerge(key) && (name == path || isPrefix) {
			return m.Content[i]
		}
		if !isPrefix {
			continue
		}
		if found := untextKey(value, rest, steps); found != nil {
			return found
		}
	}
	return nil
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
