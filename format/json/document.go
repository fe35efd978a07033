package json

import (
	"sync"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

// document implements [format.Document].
type document struct {
	text []byte
	root *node // nil if the text is empty

	mu    sync.Mutex
	index map[*node]*object // filled as it is asked for
	tree  *paths.Tree[*object, *member]
}

var _ format.Document = (*document)(nil)

// object is an object once repeated names are settled.
type object struct {
	node    *node
	names   map[string]*member
	order   []string
	longest int // length of the longest name
}

func newDocument(text []byte, root *node) *document {
	d := &document{text: text, root: root, index: make(map[*node]*object)}
	d.tree = &paths.Tree[*object, *member]{
		Order: func(o *object) []string { return o.order },
		Get: func(o *object, name string) (*member, bool) {
			m, ok := o.names[name]
			return m, ok
		},
		Into: func(m *member) (*object, bool) {
			if m.value.kind != format.Mapping {
				return nil, false
			}
			return d.object(m.value), true
		},
		IsNull:  func(m *member) bool { return m.value.kind == format.Null },
		Longest: func(o *object) int { return o.longest },
	}
	return d
}

// object returns the index of an object. The caller holds mu.
func (d *document) object(n *node) *object {
	if o := d.index[n]; o != nil {
		return o
	}
	o := &object{node: n, names: make(map[string]*member, len(n.members))}
	d.index[n] = o
	for i := range n.members { // the last of a repeated name wins
		m := &n.members[i]
		o.names[m.name] = m
		o.longest = max(o.longest, len(m.name))
	}
	for i := range n.members {
		if m := &n.members[i]; o.names[m.name] == m {
			o.order = append(o.order, m.name)
		}
	}
	return o
}

func (d *document) isObject() bool { return d.root != nil && d.root.kind == format.Mapping }

// find returns the steps to a path, or nil. The caller holds mu.
func (d *document) find(path string) []paths.Step[*object, *member] {
	if !d.isObject() {
		return nil
	}
	return d.tree.Find(d.object(d.root), path)
}

func (d *document) Get(path string) (format.Value, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	steps := d.find(path)
	if steps == nil {
		return format.Value{}, d.notFound(path)
	}
	return d.value(steps[len(steps)-1].Entry.value), nil
}

func (d *document) value(n *node) format.Value {
	switch n.kind {
	case format.String:
		return format.NewValue(n.kind, n.text)
	case format.Null:
		return format.NewValue(n.kind, "")
	case format.Sequence:
		return format.NewSequence(string(d.text[n.start:n.end]), d.scalars(n))
	}
	return format.NewValue(n.kind, string(d.text[n.start:n.end]))
}

// scalars are the items of an array, if all are scalars.
func (d *document) scalars(n *node) []format.Value {
	items := make([]format.Value, 0, len(n.items))
	for _, item := range n.items {
		if item.kind == format.Sequence || item.kind == format.Mapping {
			return nil
		}
		items = append(items, d.value(item))
	}
	return items
}

func (d *document) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.isObject() {
		return nil
	}
	return d.tree.Leaves(d.object(d.root))
}

func (d *document) Bytes() []byte { return d.text }

func (d *document) notFound(path string) error {
	hint := ""
	if d.root != nil && !d.isObject() {
		hint = msgNoObject
	}
	return &format.NotFoundError{Path: path, Hint: hint}
}
