package yaml

import (
	"github.com/flask-vault/flask-vault/format"
)

// expectation says how the tree of a changed text differs from the old one. It
// is what keeps an edit from touching anything else: a text whose tree differs
// in any other way is thrown away.
type expectation struct {
	path  *string // where value has to be found afterwards, if it was set
	value string

	replaced *node        // this value became the text
	grown    *node        // this mapping has a pair more, in front of Content[index]
	index    int          //
	first    bool         // the document had no value and has one pair now
	removed  *node        // this mapping lacks the pairs at gone
	gone     map[int]bool // indices of keys in Content
}

func (x *expectation) matches(old, changed *node) bool {
	switch {
	case x.first:
		return changed != nil && kindOf(changed) == format.Mapping && len(changed.Content) == 2
	case changed == nil || isEmptyPlain(changed): // the last pair of the top level went
		return old == x.removed && 2*len(x.gone) == len(old.Content)
	}
	return x.same(old, changed)
}

// same compares two nodes in everything but their position and their comments.
func (x *expectation) same(old, changed *node) bool {
	if old == x.replaced {
		return kindOf(resolveAlias(changed)) == format.String && changed.Value == x.value && changed.Anchor == old.Anchor
	}
	if old.Kind != changed.Kind || old.Value != changed.Value || old.Anchor != changed.Anchor || old.Tag != changed.Tag {
		return false
	}
	content := changed.Content
	switch old {
	case x.grown:
		if len(content) != len(old.Content)+2 {
			return false
		}
		key := content[x.index]
		content = append(append([]*node{}, content[:x.index]...), content[x.index+2:]...)
		if kindOf(key) != format.String {
			return false
		}
	case x.removed:
		return x.sameWithout(old, content)
	}
	// The style differs in a mapping that became empty, or was.
	if old != x.grown && old.Style != changed.Style || len(content) != len(old.Content) {
		return false
	}
	for i := range content {
		if !x.same(old.Content[i], content[i]) {
			return false
		}
	}
	return true
}

// sameWithout compares the items that are left.
func (x *expectation) sameWithout(old *node, content []*node) bool {
	for i := 0; i < len(old.Content); i += 2 {
		if x.gone[i] {
			continue
		}
		if len(content) < 2 || !x.same(old.Content[i], content[0]) || !x.same(old.Content[i+1], content[1]) {
			return false
		}
		content = content[2:]
	}
	return len(content) == 0
}
