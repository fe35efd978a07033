package format

import (
	"fmt"
	"io"
	"log/slog"
)

// Kind is the type that a document gives a value.
type Kind uint8

// The kinds. What a text such as 0123, yes or 2024-01-31 is depends on the
// format; its Value.Text is what was written in every case.
const (
	Null Kind = iota
	String
	Int
	Float
	Bool
	Time
	Binary
	Mapping
	Sequence
)

var kindNames = [...]string{"null", "string", "int", "float", "bool", "time", "binary", "mapping", "sequence"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Value is one value of a document. It is taken for a secret: it prints as
// [redacted] everywhere but through [Value.Reveal].
type Value struct {
	kind Kind
	// Functions, since fmt passes by every method of a value that it meets with the
	// verb %w, or in a field that is not exported, and prints its fields; dumpers
	// that tests use, such as go-spew, follow every pointer besides, strings
	// included. Of a function nothing but the address can be seen. A function also
	// makes == on values not compile.
	text  func() string
	items func() []Value // of a sequence of scalars
}

// NewValue is for implementations of [Document].
func NewValue(kind Kind, text string) Value {
	return Value{kind: kind, text: func() string { return text }}
}

// NewSequence is NewValue for a sequence whose items are scalars.
func NewSequence(text string, items []Value) Value {
	return Value{kind: Sequence, text: func() string { return text }, items: func() []Value { return items }}
}

// Kind says what the value is.
func (v Value) Kind() Kind { return v.kind }

// Reveal is the value as the document writes it, without the quotes and escapes
// of a string: 0123 stays 0123. Mappings and sequences are text of their format.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return v.text()
}

// Items are the values of a sequence of scalars. Of an empty sequence, one that
// holds another sequence or a mapping, and whatever else, they are none. The
// caller does not change them.
func (v Value) Items() []Value {
	if v.items == nil {
		return nil
	}
	return v.items()
}

// Equal reports whether two values have the same kind and text. reflect.DeepEqual,
// and what tests build on it, takes any two values for different.
func (v Value) Equal(other Value) bool { return v.kind == other.kind && v.Reveal() == other.Reveal() }

const redacted = "[redacted]"

// String returns "[redacted]".
func (v Value) String() string { return redacted }

// Format writes [redacted] for every verb.
func (v Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalText gives encoders [redacted].
func (v Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives log/slog [redacted].
func (v Value) LogValue() slog.Value { return slog.StringValue(redacted) }
