package merge

import (
	"maps"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// leaves are all values of a document by their path, nulls and empty mappings
// included. A path is its parts with NUL between them, those that are no text marked.
type leaves map[string]format.Value

const untext = "\x02"

func leafKey(path []string) string { return strings.Join(path, "\x00") }

func leafPath(path []string, e *format.Entry) []string {
	path = below(path, e)
	if e.Untext {
		path[len(path)-1] = untext + path[len(path)-1]
	}
	return path
}

// emptyMapping stands for a mapping without keys.
var emptyMapping = format.NewValue(format.Mapping, "{}")

func (x leaves) put(path []string, e *format.Entry) {
	path = leafPath(path, e)
	if e.Block != nil {
		x.block(e.Block, path)
		return
	}
	x[leafKey(path)] = e.Value
}

func (x leaves) block(b *format.Block, path []string) {
	if len(b.Entries) == 0 && len(path) > 0 {
		x[leafKey(path)] = emptyMapping
	}
	for i := range b.Entries {
		x.put(path, &b.Entries[i])
	}
}

// plan adds the values that a plan leads to.
func (x leaves) plan(p *plan, path []string) {
	if len(p.picks) == 0 && len(path) > 0 {
		x[leafKey(path)] = emptyMapping
	}
	for i := range p.picks {
		k := &p.picks[i]
		if k.inner != nil {
			x.plan(k.inner, leafPath(path, k.entry()))
			continue
		}
		x.put(path, k.entry())
	}
}

func (x leaves) equal(y leaves) bool {
	return maps.EqualFunc(x, y, func(a, b format.Value) bool { return a.Equal(b) })
}

// verify says whether a text has exactly the values that are wanted.
func (m *merger) verify(text []byte) bool {
	b, err := outline(m.format, text)
	if err != nil {
		return false
	}
	have := leaves{}
	have.block(b, nil)
	return have.equal(m.want)
}

// edit makes the wanted values with the edits of the format, where all that are to
// be written are text. It is for texts whose parts do not fit together.
func (m *merger) edit(text []byte) ([]byte, bool) {
	doc, err := m.format.Parse(slices.Clone(text))
	if err != nil {
		return nil, false
	}
	b, err := outline(m.format, text)
	if err != nil {
		return nil, false
	}
	have := leaves{}
	have.block(b, nil)
	name := func(key string) string { return strings.ReplaceAll(key, "\x00", ".") }
	var set []format.Assignment
	for _, key := range slices.Sorted(maps.Keys(m.want)) {
		want := m.want[key]
		if now, ok := have[key]; ok && now.Equal(want) || want.Kind() == format.Mapping {
			continue
		}
		if want.Kind() != format.String || strings.Contains(key, untext) {
			return nil, false
		}
		set = append(set, format.Assignment{Path: name(key), Value: want.Reveal()})
	}
	if format.SetAll(doc, set) != nil {
		return nil, false
	}
	for _, key := range slices.Sorted(maps.Keys(have)) {
		_, wanted := m.want[key]
		if wanted || have[key].Kind() == format.Mapping {
			continue
		}
		if strings.Contains(key, untext) || doc.Unset(name(key)) != nil {
			return nil, false
		}
	}
	return doc.Bytes(), true
}
