package trust

import "fmt"

// Kind says why a plugin is not trusted.
type Kind string

// The kinds.
const (
	BadName   Kind = "bad name"         // not a name that a plugin can have
	Unknown   Kind = "unknown"          // not installed
	UnsafeDir Kind = "unsafe directory" // others can write it, it belongs to them, or the system refuses it
	Changed   Kind = "changed"          // not the executable that was installed
	Damaged   Kind = "damaged"          // the record cannot be used
	Refused   Kind = "refused"          // not something that can be installed
	Busy      Kind = "busy"             // another process installs or removes a plugin
)

// Error says why a plugin is not run or not installed, and what to type.
type Error struct {
	Plugin  string // its name; "" for an error about the directory
	Kind    Kind
	Message string // one clause, for a person
	Command string // what to type next; "" where there is nothing
	Err     error  // the cause, or nil
}

func (e *Error) Error() string {
	text := e.Message
	if e.Plugin != "" {
		text = fmt.Sprintf("plugin %q %s", e.Plugin, e.Message)
	}
	if e.Command != "" {
		text += "; type: " + e.Command
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
