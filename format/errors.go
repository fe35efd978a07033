package format

import (
	"errors"
	"fmt"
)

// ErrNotFound is what errors.Is finds in a [NotFoundError].
var ErrNotFound = errors.New("no such value")

// SyntaxError says where a text is not a document of its format. It quotes
// nothing of the text.
type SyntaxError struct {
	Line   int    // from 1
	Column int    // from 1, in characters
	Msg    string // what is wrong, in lower case
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
}

// NotFoundError says that a document has nothing at a path.
type NotFoundError struct {
	Path string
	Hint string // why, if the document tells: "the key in line 3 is a number; quote it"
}

func (e *NotFoundError) Error() string { return "no value for " + e.Path }

// Is makes errors.Is(err, ErrNotFound) true.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// PathError says that a value cannot be set at a path.
type PathError struct {
	Path string
	Msg  string // "it is a mapping", "an alias stands there"
}

func (e *PathError) Error() string { return e.Path + ": " + e.Msg }

// ValueError says that a format cannot hold a value. It does not quote it.
type ValueError struct{ Msg string }

func (e *ValueError) Error() string { return e.Msg }
