package format

import "strings"

// Outliner is implemented by documents that can tell how their text is made of
// keys and values, for format/merge to put texts together from parts.
type Outliner interface {
	// Outline returns the top level of the document. Its text is the document's,
	// byte for byte. It is nil where the text is written in a way that cannot be
	// taken apart safely.
	Outline() *Block
}

// Block is the text of a mapping in parts: Head, then the entries, then Tail.
type Block struct {
	Head    string
	Entries []Entry
	Tail    string

	// Comma says that the entries are separated by commas, which are in none of
	// them. Else each entry has lines of its own.
	Comma bool
	// Indent is how many spaces stand before the keys, where that has a meaning.
	Indent int
}

// Entry is one key of a mapping, with its value and what belongs to it.
type Entry struct {
	// Path is the key, of one part but for dotted keys. It is empty for a block
	// that is part of the mapping around it.
	Path []string
	// Untext says that the key is no text, as 1 and null in YAML, so that no path leads to
	// the value. Path has words for it.
	Untext bool
	// ID tells the entry from all others of its block. Two texts have the same
	// key where the IDs are equal.
	ID string

	Lead   string // comments and empty lines above it
	Before string // the key, up to the value
	Source string // the value as it is written; "" if Block is not nil
	After  string // the rest of the last line

	// Value is what the value means, unless Block is not nil.
	Value Value
	// Block is the value where that is a mapping in parts.
	Block *Block
}

// Text returns the text that the parts make.
func (b *Block) Text() string {
	var s strings.Builder
	b.write(&s)
	return s.String()
}

func (b *Block) write(s *strings.Builder) {
	s.WriteString(b.Head)
	for i := range b.Entries {
		if i > 0 && b.Comma {
			s.WriteByte(',')
		}
		b.Entries[i].write(s)
	}
	s.WriteString(b.Tail)
}

// Text returns the text of the entry.
func (e *Entry) Text() string {
	var s strings.Builder
	e.write(&s)
	return s.String()
}

func (e *Entry) write(s *strings.Builder) {
	s.WriteString(e.Lead)
	s.WriteString(e.Before)
	if e.Block != nil {
		e.Block.write(s)
	} else {
		s.WriteString(e.Source)
	}
	s.WriteString(e.After)
}
