package yaml

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

// Messages of path errors.
const (
	msgMapping = "it is a mapping; name one of its keys"
	msgList    = "it is a list, which can be changed in an editor only"
	msgAlias   = "an alias stands on the way to it; change it where the anchor stands"
	msgMerged  = "a merge key (<<) brings it in; change it where it is written"
	msgNoTop   = "the document is a list or a single value, not names with values"
	msgOther   = "the text around it cannot be changed safely; use an editor"
	msgNeeded  = "an alias further down stands for it"
	msgLong    = "a name has at most 1000 characters"
)

// Set makes value the text at a path. The value that is there is replaced in
// place, in its own style of quoting where that can hold the new one; its anchor
// stays, so that what its aliases stand for changes with it. An alias is replaced
// itself. A value that a merge key brings in is not changed: the mapping gets a
// key of its own.
func (d *document) Set(path, value string) error {
	if !utf8.ValidString(value) {
		return &format.ValueError{Msg: "YAML holds text in UTF-8 only; encode other bytes in base64"}
	}
	if !utf8.ValidString(path) {
		return &format.PathError{Path: strings.ToValidUTF8(path, "?"), Msg: "a name is text in UTF-8"}
	}
	f, ok := d.find(path)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !ok:
		return d.add(path, value)
	case f.alias:
		return &format.PathError{Path: path, Msg: msgAlias}
	}
	switch kindOf(resolveAlias(f.value)) {
	case format.Mapping:
		return &format.PathError{Path: path, Msg: msgMapping}
	case format.Sequence:
		return &format.PathError{Path: path, Msg: msgList}
	}
	if f.merged() {
		return d.addTo(f.owner.node, path, resolveAlias(f.key).Value, value)
	}
	return d.replace(path, f, value)
}

// Unset removes what Get(path) finds. Of a key that occurs twice it removes all
// occurrences, so that no older value shows up again.
func (d *document) Unset(path string) error {
	f, ok := d.find(path)
	if !ok {
		return d.notFound(path)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case f.alias:
		return &format.PathError{Path: path, Msg: msgAlias}
	case f.merged():
		return &format.PathError{Path: path, Msg: msgMerged}
	}
	return d.remove(path, f)
}

// change is a text that an edit leads to, and how its tree differs from the old one.
type change struct {
	splices []splice
	tree    expectation
}

// apply takes the first change that reads back as it should. Without one the
// document stays as it is.
func (d *document) apply(path string, changes ...change) error {
	msg := msgOther
	for _, c := range changes {
		text := spliced(d.text, c.splices)
		root, err := parse(text)
		if err != nil {
			if c.tree.removed != nil {
				msg = msgNeeded
			}
			continue
		}
		if !c.tree.matches(d.root, root) {
			continue
		}
		next := &document{text: text, root: root}
		if c.tree.path != nil {
			f, ok := next.find(*c.tree.path)
			if !ok || kindOf(resolveAlias(f.value)) != format.String || resolveAlias(f.value).Value != c.tree.value {
				continue
			}
		}
		d.text, d.root, d.index, d.tree = next.text, next.root, next.index, next.tree
		return nil
	}
	return &format.PathError{Path: path, Msg: msg}
}

// splice replaces the bytes from start to end.
type splice struct {
	start, end int
	text       string
}

// spliced returns a new text with the splices done. Only removals can overlap.
func spliced(text []byte, splices []splice) []byte {
	slices.SortStableFunc(splices, func(a, b splice) int { return a.start - b.start })
	var b bytes.Buffer
	at := 0
	for _, s := range splices {
		b.Write(text[at:max(at, s.start)])
		b.WriteString(s.text)
		at = max(at, s.end)
	}
	b.Write(text[at:])
	return b.Bytes()
}

// replace puts value in place of the one that was found.
func (d *document) replace(path string, f found, value string) error {
	l := measure(d.text, d.root)
	w := l.writer(f.owner.node)
	var changes []change
	for _, text := range w.candidates(value, f.key, f.value) {
		changes = append(changes, change{
			splices: l.replacement(f, text, w),
			tree:    expectation{path: &path, value: value, replaced: f.value},
		})
	}
	return d.apply(path, changes...)
}

// add puts a value where none is: into the mapping that the longest prefix of
// the path names, else at the end of the top level.
func (d *document) add(path, value string) error {
	top := d.top()
	if top == nil {
		if d.root != nil && (!isEmptyPlain(d.root) || hasProperties(d.root)) {
			return &format.PathError{Path: path, Msg: msgNoTop}
		}
		return d.addFirst(path, value)
	}
	var err error
	done := false
	paths.Prefixes(path, func(prefix, rest string) bool {
		steps := d.tree.Find(top, prefix)
		if steps == nil {
			return true
		}
		f := foundBy(steps)
		child := resolveAlias(f.value)
		if child.Kind != yamllib.MappingNode {
			return true
		}
		done = true
		switch {
		case f.alias || f.value.Kind == yamllib.AliasNode && !f.merged():
			err = &format.PathError{Path: path, Msg: msgAlias}
		case f.merged(): // the mapping is another's; a longer key of this one is as good
			err = d.addTo(f.owner.node, path, resolveAlias(f.key).Value+"."+rest, value)
		default:
			err = d.addTo(child, path, rest, value)
		}
		return false
	})
	if done {
		return err
	}
	return d.addTo(top.node, path, path, value)
}

// addTo adds a pair to a mapping.
func (d *document) addTo(m *node, path, name, value string) error {
	if utf8.RuneCountInString(quote(name)) > maxSimpleKey {
		return &format.PathError{Path: path, Msg: msgLong}
	}
	l := measure(d.text, d.root)
	w := l.writer(m)
	var changes []change
	for _, text := range w.candidates(value, nil, nil) {
		pair := w.pair(name, text)
		for _, at := range l.spots(m, m == d.root, w) {
			changes = append(changes, change{
				splices: at.insert(pair),
				tree:    expectation{path: &path, value: value, grown: m, index: at.index},
			})
		}
	}
	return d.apply(path, changes...)
}

// addFirst adds the first pair to a document that has none.
func (d *document) addFirst(path, value string) error {
	if utf8.RuneCountInString(quote(path)) > maxSimpleKey {
		return &format.PathError{Path: path, Msg: msgLong}
	}
	l := measure(d.text, nil)
	w := writer{newline: l.newline()}
	at := l.lineSpot(l.endOfDocument(startOfText(d.text)), 0, w)
	var changes []change
	for _, text := range w.candidates(value, nil, nil) {
		changes = append(changes, change{
			splices: at.insert(w.pair(path, text)),
			tree:    expectation{path: &path, value: value, first: true},
		})
	}
	return d.apply(path, changes...)
}

// remove takes a pair out of its mapping, with all earlier ones of the same key.
func (d *document) remove(path string, f found) error {
	m := f.owner.node
	name, _ := textKey(f.key)
	tree := expectation{removed: m, gone: map[int]bool{}}
	for i := 0; i < len(m.Content); i += 2 {
		if other, ok := textKey(m.Content[i]); ok && other == name {
			tree.gone[i] = true
		}
	}
	l := measure(d.text, d.root)
	var changes []change
	for _, splices := range l.removals(m, f.up, tree.gone, m == d.root) {
		changes = append(changes, change{splices: splices, tree: tree})
	}
	return d.apply(path, changes...)
}
