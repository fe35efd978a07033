package cli

import (
	"fmt"
	"strings"

	"github.com/flask-vault/flask-vault/format/merge"
)

// mergeConflict says what the sides of a merge did that does not go together. It
// names keys, and no values.
type mergeConflict struct {
	path  string
	keys  []string
	done  []string          // to each of keys, as happened has it
	whole *merge.WholeError // why all of the file is in conflict, if it is
	plain mergeVersions
}

func (e *mergeConflict) add(conflicts []merge.Conflict) {
	for _, c := range conflicts {
		e.keys = append(e.keys, c.Key)
		e.done = append(e.done, happened(c))
	}
}

func (e *mergeConflict) Error() string {
	if e.whole != nil {
		return fmt.Sprintf("%s: both sides changed it, and %v", e.path, e.whole)
	}
	var parts []string
	for _, how := range []string{bothChanged, bothAdded, oursDeleted, theirsDeleted} {
		var keys []string
		for i, key := range e.keys {
			if e.done[i] == how {
				keys = append(keys, key)
			}
		}
		if len(keys) > 0 {
			it := "it"
			if len(keys) > 1 {
				it = "them"
			}
			parts = append(parts, strings.NewReplacer("KEYS", strings.Join(keys, ", "), "IT", it).Replace(how))
		}
	}
	return e.path + ": " + strings.Join(parts, "; ")
}

// What the sides can have done to KEYS.
const (
	bothChanged   = "both sides changed KEYS"
	bothAdded     = "both sides added KEYS"
	oursDeleted   = "our side deleted KEYS, their side changed IT"
	theirsDeleted = "our side changed KEYS, their side deleted IT"
)

// happened says what a conflict is, without a value.
func happened(c merge.Conflict) string {
	switch {
	case c.Ours == nil:
		return oursDeleted
	case c.Theirs == nil:
		return theirsDeleted
	case c.Base == nil:
		return bothAdded
	}
	return bothChanged
}

// deletedFile says which side deleted a file that git has in conflict; "" if none did.
func deletedFile(f unmerged) string {
	base, ours, theirs := f.stages[1] != "", f.stages[2] != "", f.stages[3] != ""
	switch {
	case ours && theirs:
		return ""
	case base && ours:
		return "our side changed the file, their side deleted it"
	case base && theirs:
		return "our side deleted the file, their side changed it"
	}
	return "one side alone has a file of this name" // as after renames
}
