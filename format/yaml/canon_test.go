package yaml

import (
	"encoding/hex"
	"encoding/json"

	"github.com/flask-vault/flask-vault/format"
)

// canon writes what a node means as testdata/pyyaml.py writes it.
func canon(x index, n *node) any {
	if n == nil {
		return "null"
	}
	n = resolveAlias(n)
	switch kind := kindOf(n); kind {
	case format.Mapping:
		all := map[string]any{}
		for name, e := range x.of(n).names {
			all[hex.EncodeToString([]byte(name))] = canon(x, e.value)
		}
		return all
	case format.Sequence:
		items := []any{}
		for _, item := range n.Content {
			if tagged(n) && (n.Tag == "!!omap" || n.Tag == "!!pairs") {
				pair := resolveAlias(item)
				items = append(items, []any{canon(x, pair.Content[0]), canon(x, pair.Content[1])})
				continue
			}
			items = append(items, canon(x, item))
		}
		return items
	case format.String:
		return "string " + hex.EncodeToString([]byte(n.Value))
	case format.Binary:
		text, _ := decodeBinary(n.Value)
		return "binary " + hex.EncodeToString([]byte(text))
	default:
		return kind.String()
	}
}

func canonText(n *node) string {
	out, err := json.Marshal(canon(index{}, n))
	if err != nil {
		panic(err)
	}
	return string(out)
}
