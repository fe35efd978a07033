package json

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

// change is a text in place of another.
type change struct {
	start, end int
	with       string
}

// SetAll makes many changes with one parse, where Set parses for each: with n
// values that is n times faster. It reads the outcome back; if anything is not as
// it should be it changes nothing and reports false, for the caller to go one by one.
func (d *document) SetAll(all []format.Assignment) bool {
	work, err := reparse(d.text)
	if err != nil || !work.isObject() {
		return false
	}
	set := make(map[string]bool, len(all))
	var changes []change
	for _, a := range all {
		if set[a.Path] || !utf8.ValidString(a.Value) || !utf8.ValidString(a.Path) {
			return false
		}
		set[a.Path] = true
		work.mu.Lock()
		steps := work.find(a.Path)
		work.mu.Unlock()
		if steps != nil {
			n := steps[len(steps)-1].Entry.value
			if n.kind == format.Mapping || n.kind == format.Sequence {
				return false
			}
			changes = append(changes, change{n.start, n.end, quote(a.Value)})
			continue
		}
		in, name := work.place(a.Path)
		if len(in.members) == 0 {
			// The first member has no comma in front of it, and those after it look like it.
			if len(changes) > 0 || work.Set(a.Path, a.Value) != nil {
				return false
			}
			continue
		}
		at, pair := work.newMember(in, name, a.Value)
		changes = append(changes, change{at, at, pair})
	}
	// A value may end where new members begin: it comes first.
	slices.SortStableFunc(changes, func(a, b change) int { return a.start - b.start })
	var text bytes.Buffer
	done := 0
	for _, c := range changes {
		if c.start < done {
			return false
		}
		text.Write(work.text[done:c.start])
		text.WriteString(c.with)
		done = c.end
	}
	text.Write(work.text[done:])
	next, err := reparse(text.Bytes())
	if err != nil {
		return false
	}
	for _, a := range all {
		if !paths.IsText(next, a.Path, a.Value) {
			return false
		}
	}
	if !paths.Take(d).Holds(next, func(path string) bool { return set[path] }) {
		return false
	}
	d.become(next)
	return true
}
