package paths

import (
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// Snapshot is what the names of a document gave.
type Snapshot map[string]format.Value

// Take reads all values of a document.
func Take(doc format.Document) Snapshot {
	names := doc.Names()
	s := make(Snapshot, len(names))
	for _, name := range names {
		if v, err := doc.Get(name); err == nil {
			s[name] = v
		}
	}
	return s
}

// Holds says whether a changed document has the values of the snapshot, but for
// those whose names except takes.
func (s Snapshot) Holds(changed format.Document, except func(name string) bool) bool {
	now := Take(changed)
	for name, v := range s {
		if !now[name].Equal(v) && !except(name) {
			return false
		}
	}
	for name := range now {
		if _, was := s[name]; !was && !except(name) {
			return false
		}
	}
	return true
}

// Is takes one name.
func Is(path string) func(string) bool {
	return func(name string) bool { return name == path }
}

// IsOrBelow takes a name and all longer ones that start with it and a dot.
func IsOrBelow(path string) func(string) bool {
	return func(name string) bool {
		return name == path || strings.HasPrefix(name, path) && name[len(path)] == '.'
	}
}

// IsText says whether a document has a text at a path.
func IsText(doc format.Document, path, text string) bool {
	v, err := doc.Get(path)
	return err == nil && v.Kind() == format.String && v.Reveal() == text
}
