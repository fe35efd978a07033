package editor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
)

var (
	// ErrDiscarded means that the person chose to throw the changes away.
	ErrDiscarded = errors.New("changes discarded, nothing saved")

	// ErrEmptied means that a text that held something was left empty where
	// nobody could be asked whether that is meant.
	ErrEmptied = errors.New("the editor left the document empty, nothing saved")

	// ErrNotTaken is wrapped by errors about a file that cannot be taken back:
	// gone, too large, a symbolic link, a directory or a special file.
	ErrNotTaken = errors.New("cannot take the document back from the editor, nothing saved")
)

// CommandError means that no editor could be started.
type CommandError struct {
	Variable string // "VISUAL" or "EDITOR"; empty if neither is set
	Command  string // what the variable says, or the editor that was found
	Err      error
}

func (e *CommandError) Error() string {
	const how = `; choose one with EDITOR, for example EDITOR=nano or EDITOR="code --wait"`
	switch {
	case e.Command == "":
		return fmt.Sprintf("no editor: %v%s", e.Err, how)
	case e.Variable == "":
		return fmt.Sprintf("cannot start the editor %q: %v%s", e.Command, e.Err, how)
	}
	return fmt.Sprintf("cannot start the editor that %s names, %q: %v%s", e.Variable, e.Command, e.Err, how)
}

func (e *CommandError) Unwrap() error { return e.Err }

// EditorError means that the editor ran and failed, so nothing is saved.
type EditorError struct {
	Command string    // the editor's name
	Code    int       // its exit code, 128 plus the number for a signal
	Signal  os.Signal // the signal that ended it, or nil
	draft
}

func (e *EditorError) Error() string {
	if e.Signal != nil {
		return fmt.Sprintf("the editor %s was ended by a signal (%v), nothing saved", e.Command, e.Signal)
	}
	return fmt.Sprintf("the editor %s failed with exit code %d, nothing saved", e.Command, e.Code)
}

// InvalidError means that the check refused the text and nobody could correct
// it. [InvalidError.Text] has the refused text, for a caller that keeps it sealed.
type InvalidError struct {
	Err error // what Options.Check said
	draft
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("nothing saved, since the text is not valid (%v)", e.Err)
}

func (e *InvalidError) Unwrap() error { return e.Err }

// SignalError means that this process was told to end.
type SignalError struct {
	Signal os.Signal
	draft
}

func (e *SignalError) Error() string {
	return fmt.Sprintf("ended by a signal (%v), nothing saved", e.Signal)
}

// ExitCode is what a shell expects of a program that the signal ended: 128 plus
// the signal's number.
func (e *SignalError) ExitCode() int { return signalCode(e.Signal) }

func signalCode(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return 1
}

// draft is a text that was not saved. It is a function so that no way of
// printing an error can print the text.
type draft struct{ text func() []byte }

// draftOf is the draft of a text, none if it is the original.
func draftOf(text, original []byte) draft {
	if bytes.Equal(text, original) {
		return draft{}
	}
	return draft{text: func() []byte { return text }}
}

// Text is the changed text that was not saved, or nil if there is none.
func (d draft) Text() []byte {
	if d.text == nil {
		return nil
	}
	return d.text()
}
