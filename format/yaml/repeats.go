package yaml

import (
	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

var _ format.Repeater = (*document)(nil)

// Repeats implements [format.Repeater]. What an alias stands for is looked at
// where it is written, and mappings within lists count as part of the list.
func (d *document) Repeats() []format.Repeat {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.load()
	if d.root == nil {
		return nil
	}
	return repeats(d.root, "")
}

func repeats(n *node, prefix string) []format.Repeat {
	var found []format.Repeat
	if n.Kind == yamllib.SequenceNode {
		for _, item := range n.Content {
			found = append(found, repeats(item, prefix)...)
		}
		return found
	}
	if n.Kind != yamllib.MappingNode {
		return nil
	}
	var lines paths.Lines
	var below []format.Repeat
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := resolveAlias(key).Value
		if _, isText := textKey(key); isText || isMerge(key) {
			lines.Add(name, key.Line)
		}
		below = append(below, repeats(value, prefix+name+".")...)
	}
	return append(lines.Repeats(prefix), below...)
}
