// Package toml reads and edits TOML documents, such as the credentials.toml of
// newer versions of Flask-Vault.
//
// It follows TOML as github.com/pelletier/go-toml/v2 reads it, which is TOML 1.0
// with a few liberties of 1.1, such as a comma behind the last pair in braces. What
// Set writes is TOML 1.0. A line break inside of a string is a line feed, as
// Python's tomllib reads it; a byte order mark at the start is skipped. A document
// has at most 100 levels and 50000 keys.
//
// Values are addressed as in package format: "db.password" is found as the quoted
// key "db.password", as the dotted key db.password and as the key password of the
// table [db]. Numbers, dates and arrays come back as they are written. A table
// comes back as lines of dotted keys. Set and Unset change the bytes of one value
// alone: a new value goes behind the last one of its table, one without a table
// to the top level, in front of the first [table].
package toml

import (
	"github.com/flask-vault/flask-vault/format"
)

// Format is TOML. It implements [format.Format]; its zero value is ready.
type Format struct{}

var _ format.Format = Format{}

// Name returns "toml".
func (Format) Name() string { return "toml" }

// Extensions returns ".toml".
func (Format) Extensions() []string { return []string{".toml"} }

// Template returns a document of comments that say how to write values.
func (Format) Template() []byte { return []byte(template) }

// Parse reads a document. An error is a *[format.SyntaxError].
func (Format) Parse(text []byte) (format.Document, error) {
	t, err := parse(text)
	if err != nil {
		return nil, err
	}
	return newDocument(text, t), nil
}

const template = `# The secrets of this project, one a line:
#
#   db.password = "correct horse battery staple"
#   mail.api_key = 'no \escapes in single quotes'
#
# Text stands in quotes. A long one, such as a PEM key, goes between three double
# quotes on lines of its own.
# To read a value: flask-vault get db.password
# This text is stored encrypted, comments included.
`
