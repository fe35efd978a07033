// Package dotenv reads and edits .env files.
//
// The rules are those of python-dotenv, which Flask loads such files with:
//
//   - A line is NAME=value, with white space around the name and the equals sign.
//     The word export may stand before the name. A name has no white space, no #
//     and no =, or stands in single quotes.
//   - A value without quotes ends at the end of the line, or at white space with a
//     # behind it, and is taken as it stands.
//   - In single quotes \\ and \' are escapes; in double quotes \\ \' \" \a \b \f \n
//     \r \t and \v are. Any other backslash is itself. Both kinds of quotes can
//     span lines. A quote behind a backslash does not close them if another quote
//     follows somewhere.
//   - A # starts a comment on a line of its own and behind a value.
//   - A name without an equals sign is null. Of a name that occurs twice the last
//     occurrence counts.
//
// ${NAME} is not replaced: a value comes back as it stands. What python-dotenv
// skips with a warning is a syntax error here. There is one addition: a value in
// back quotes is the text between them, as Node's dotenv reads it.
//
// Names are what they are: A.B is the name "A.B", since nothing is nested.
//
// Set writes a value without quotes where a shell would read the same, else in
// single quotes, else in double quotes with escapes.
package dotenv

import (
	"github.com/flask-vault/flask-vault/format"
)

// Format is the format of .env files. It implements [format.Format]; its zero
// value is ready.
type Format struct{}

var _ format.Format = Format{}

// Name returns "dotenv".
func (Format) Name() string { return "dotenv" }

// Extensions returns ".env" and ".dotenv".
func (Format) Extensions() []string { return []string{".env", ".dotenv"} }

// Template returns a document of comments that say how to write values.
func (Format) Template() []byte { return []byte(template) }

// Parse reads a document. An error is a *[format.SyntaxError].
func (Format) Parse(text []byte) (format.Document, error) {
	lines, err := parse(text)
	if err != nil {
		return nil, err
	}
	return newDocument(text, lines), nil
}

const template = `# The secrets of this project, one a line:
#
#   DATABASE_PASSWORD=correct-horse-battery-staple
#   MAIL_API_KEY='#1 with spaces, so it stands in quotes'
#
# A value in quotes can span lines. Text behind " #" is a comment.
# To read a value: flask-vault get DATABASE_PASSWORD
# This text is stored encrypted, comments included.
`
