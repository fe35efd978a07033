package variables

import "fmt"

// CollisionError says that two keys have the same variable.
type CollisionError struct {
	Name string
	Keys [2]string // in the document's order; equal if one key was given the variable twice
}

func (e *CollisionError) Error() string {
	return fmt.Sprintf("%s and %s would both be the variable %s", show(e.Keys[0]), show(e.Keys[1]), e.Name)
}

// ReservedError says that a key has a variable that changes how programs run.
type ReservedError struct{ Key, Name string }

func (e *ReservedError) Error() string {
	return fmt.Sprintf("%s would be the variable %s, which changes how programs run", show(e.Key), e.Name)
}

// NameError says that a key has no variable.
type NameError struct{ Key, Name string }

func (e *NameError) Error() string {
	if e.Name == "" {
		return "the key without a name has no variable"
	}
	return fmt.Sprintf("%s: %q is no name for a variable", show(e.Key), e.Name)
}

func show(key string) string {
	if key == "" {
		return `""`
	}
	return key
}
