package yaml

import (
	"sync"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

// document implements [format.Document]. The tree is made by parse and made
// anew by every change of the text.
type document struct {
	text []byte
	root *node // nil if the text has no value

	mu       sync.Mutex
	unparsed bool  // root is not made yet: scan says that it can be
	scanned  bool  // Get has answered once without it
	index    index // filled as it is asked for
	tree     *paths.Tree[*mapping, entry]

	untext   map[string]*node // of untextKeys, once a hint was asked for
	untextOf *node
}

var _ format.Document = (*document)(nil)

func (d *document) Bytes() []byte { return d.text }

// load makes the tree of a document that was only scanned. The caller holds mu.
func (d *document) load() {
	if !d.unparsed {
		return
	}
	d.unparsed = false
	if root, err := parse(d.text); err == nil {
		d.root = root
	}
}

// top returns the index of the top level, or nil if that is no mapping. The
// caller holds mu.
func (d *document) top() *mapping {
	d.load()
	if d.root == nil || d.root.Kind != yamllib.MappingNode {
		return nil
	}
	if d.index == nil {
		d.index = make(index)
		d.tree = d.index.tree()
	}
	return d.index.of(d.root)
}

func (d *document) find(path string) (found, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	top := d.top()
	if top == nil {
		return found{}, false
	}
	steps := d.tree.Find(top, path)
	if steps == nil {
		return found{}, false
	}
	return foundBy(steps), true
}

func (d *document) Get(path string) (format.Value, error) {
	if v, ok := d.scanOnce(path); ok {
		return v, nil
	}
	f, ok := d.find(path)
	if !ok {
		return format.Value{}, d.notFound(path)
	}
	return value(resolveAlias(f.value)), nil
}

// scanOnce answers the first question to a simple document without parsing it,
// which is all that a program wants that needs one secret.
func (d *document) scanOnce(path string) (format.Value, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.unparsed || d.scanned {
		return format.Value{}, false
	}
	d.scanned = true
	kind, value, _ := scan(d.text, path)
	return format.NewValue(kind, string(value)), kind != kindUnknown
}

func (d *document) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	top := d.top()
	if top == nil {
		return nil
	}
	return d.tree.Leaves(top)
}

// value is what a node gives. The node has passed check.
func value(n *node) format.Value {
	switch kind := kindOf(n); kind {
	case format.Sequence:
		return format.NewSequence(render(n), scalars(n))
	case format.Mapping:
		return format.NewValue(kind, render(n))
	case format.Binary:
		text, _ := decodeBinary(n.Value)
		return format.NewValue(kind, text)
	case format.Null:
		return format.NewValue(kind, "")
	default:
		return format.NewValue(kind, n.Value)
	}
}

// scalars are the items of a sequence, if all are scalars.
func scalars(n *node) []format.Value {
	items := make([]format.Value, 0, len(n.Content))
	for _, c := range n.Content {
		if c = resolveAlias(c); c.Kind != yamllib.ScalarNode {
			return nil
		}
		items = append(items, value(c))
	}
	return items
}

// notFound says that nothing stands at a path and, if the document tells, why.
func (d *document) notFound(path string) error {
	return &format.NotFoundError{Path: path, Hint: d.hint(path)}
}
