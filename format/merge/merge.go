package merge

import (
	"bytes"

	"github.com/flask-vault/flask-vault/format"
)

// Side is one of the two changed versions.
type Side uint8

// The sides, as git calls them.
const (
	Ours Side = iota + 1
	Theirs
)

// Conflict is a key that both sides changed, each in another way.
type Conflict struct {
	Key string // the path, its parts with dots between them

	// What the versions have there; nil for nothing. A mapping has its text.
	Base, Ours, Theirs *format.Value
}

// Result is what a merge gave.
type Result struct {
	Text      []byte // the merged text; nil if there are conflicts
	Conflicts []Conflict
}

// WholeError says why a document cannot be merged by key.
type WholeError struct{ Reason string }

func (e *WholeError) Error() string { return "it cannot be merged by key: " + e.Reason }

// Three merges the changes from base to ours and from base to theirs. An empty
// base is that of a document which both sides added. Decided says which side's
// state a key in conflict gets, by [Conflict.Key]. Where the sides end their lines in
// different ways, the result has the line ends of ours. The error is a *[WholeError].
func Three(f format.Format, base, ours, theirs []byte, decided map[string]Side) (Result, error) {
	if text := oneSided(base, ours, theirs); text != nil {
		return Result{Text: text}, nil
	}
	likeOurs(f, ours, &base, &theirs)
	if text := oneSided(base, ours, theirs); text != nil {
		return Result{Text: text}, nil
	}
	m, err := newMerger(f, base, ours, theirs, decided)
	if err != nil {
		return Result{}, err
	}
	if len(m.conflicts) > 0 {
		return Result{Conflicts: m.conflicts}, nil
	}
	for _, way := range []func() ([]byte, bool){
		func() ([]byte, bool) { return m.render(&renderer{}) },
		func() ([]byte, bool) { return m.render(&renderer{whole: true}) },
		func() ([]byte, bool) { return m.edit(ours) },
		func() ([]byte, bool) { return m.edit(theirs) },
	} {
		text, ok := way()
		if !ok {
			continue
		}
		if likeOurs(f, ours, &text); m.verify(text) {
			return Result{Text: text}, nil
		}
	}
	return Result{}, &WholeError{Reason: "the way it is written does not let the changes of both sides be put together safely"}
}

// oneSided is the result where one side alone changed the text, or both in the same
// way; else nil.
func oneSided(base, ours, theirs []byte) []byte {
	switch {
	case bytes.Equal(ours, theirs), bytes.Equal(theirs, base):
		return append([]byte{}, ours...)
	case bytes.Equal(ours, base):
		return append([]byte{}, theirs...)
	}
	return nil
}

// Marked is the merge with both sides' texts of each conflict between the marker
// lines of git, for a person to edit. Where the document cannot be taken apart,
// all of it is in conflict.
func Marked(f format.Format, base, ours, theirs []byte, decided map[string]Side) []byte {
	likeOurs(f, ours, &base, &theirs)
	if m, err := newMerger(f, base, ours, theirs, decided); err == nil && len(m.conflicts) > 0 {
		r := renderer{marks: true}
		// A key that the sides have in two places has no place for markers.
		if text, ok := m.render(&r); ok && r.marked == len(m.conflicts) {
			return text
		}
	}
	var b output
	b.marked(newlineOf(ours), func() { b.WriteString(string(ours)) }, func() { b.WriteString(string(theirs)) })
	return b.Bytes()
}

// The lines around the two sides of a conflict begin with these.
const (
	markOurs   = "<<<<<<< "
	markMiddle = "======="
	markTheirs = ">>>>>>> "
)

// HasMarks reports whether a text still has a line of a conflict's markers that none
// of the versions has.
func HasMarks(text []byte, versions ...[]byte) bool {
	mark := func(text []byte) (found [3]bool) {
		for line := range bytes.Lines(text) {
			switch string(bytes.TrimRight(line, "\r\n, ")) {
			case markOurs + "ours":
				found[0] = true
			case markMiddle:
				found[1] = true
			case markTheirs + "theirs":
				found[2] = true
			}
		}
		return found
	}
	found := mark(text)
	for _, v := range versions {
		for i, has := range mark(v) {
			found[i] = found[i] && !has
		}
	}
	return found != [3]bool{}
}

// merger is one merge under way.
type merger struct {
	format    format.Format
	ours      []byte
	decided   map[string]Side
	conflicts []Conflict
	noted     map[string]bool // the keys of the conflicts
	plan      *plan
	want      leaves // the values that the result has to have
}

func newMerger(f format.Format, base, ours, theirs []byte, decided map[string]Side) (*merger, error) {
	var blocks [3]*format.Block
	for i, text := range [][]byte{base, ours, theirs} {
		b, err := outline(f, text)
		if err != nil {
			who := [...]string{"the version that both sides began with", "our version", "their version"}[i]
			return nil, &WholeError{Reason: who + " " + err.Error()}
		}
		blocks[i] = b
	}
	m := &merger{format: f, ours: ours, decided: decided, noted: map[string]bool{}}
	m.plan = m.blocks(blocks[0], blocks[1], blocks[2], nil)
	m.ambiguous(blocks)
	m.want = leaves{}
	m.want.plan(m.plan, nil)
	return m, nil
}

// outlineError says why there is no outline.
type outlineError string

func (e outlineError) Error() string { return string(e) }

// outline takes a text apart. Parts that do not make the text again are none.
func outline(f format.Format, text []byte) (*format.Block, error) {
	doc, err := f.Parse(text)
	if err != nil {
		return nil, outlineError("does not parse (" + err.Error() + ")")
	}
	o, ok := doc.(format.Outliner)
	if !ok {
		return nil, outlineError("is a " + f.Name() + " file, which has no keys")
	}
	b := o.Outline()
	if b == nil || b.Text() != string(text) {
		return nil, outlineError("is not a mapping of names to values, or is written in a way that cannot be taken apart")
	}
	return b, nil
}
