// Package json reads and edits JSON documents.
//
// It follows RFC 8259. Beyond it, a byte order mark at the start is skipped and
// an empty text is a document without values; of a name that occurs twice the
// last occurrence counts, as in most readers. Nesting ends at 100 levels. Half of
// a surrogate pair in an escape is refused, since it is not text.
//
// Values are addressed as in package format: "db.password" first as one name at
// the top level, then as password inside of db. Numbers come back as they are
// written: 1.10 stays "1.10". Set and Unset change the bytes of one member alone
// and keep to the document's indentation.
package json

import (
	"github.com/flask-vault/flask-vault/format"
)

// Format is JSON. It implements [format.Format]; its zero value is ready.
type Format struct{}

var _ format.Format = Format{}

// Name returns "json".
func (Format) Name() string { return "json" }

// Extensions returns ".json".
func (Format) Extensions() []string { return []string{".json"} }

// Template returns an empty object. JSON has no comments.
func (Format) Template() []byte { return []byte("{\n}\n") }

// Parse reads a document. An error is a *[format.SyntaxError].
func (Format) Parse(text []byte) (format.Document, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return newDocument(text, root), nil
}
