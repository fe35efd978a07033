package yaml

import (
	"github.com/flask-vault/flask-vault/format"
)

// Format is YAML. It implements [format.Format]; its zero value is ready.
type Format struct{}

var _ format.Format = Format{}

// Name returns "yaml".
func (Format) Name() string { return "yaml" }

// Extensions returns ".yml" and ".yaml".
func (Format) Extensions() []string { return []string{".yml", ".yaml"} }

// Template returns a document of comments that say how to write values.
func (Format) Template() []byte { return []byte(template) }

// Parse reads a document. An error is a *[format.SyntaxError].
func (Format) Parse(text []byte) (format.Document, error) {
	if err := countMarks(text); err != nil {
		return nil, err
	}
	if _, _, simple := scan(text, ""); simple {
		return &document{text: text, unparsed: true}, nil
	}
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return &document{text: text, root: root}, nil
}

const template = `# The secrets of this project.
#
# Write one value a line, its name before the colon and a space after it:
#
#   db.password: correct horse battery staple
#   mail.api_key: "#1 @ the start, so it stands in quotes"
#
# Values are read as they are written here. Put a value in single or double
# quotes if it starts with a special character (@ % & * ! | > ' " # { [ or a
# backtick), or if it contains ": " or " #". A long one, such as a PEM key,
# goes on indented lines below "name: |".
#
# To read a value:  flask-vault get db.password
# To change it:     flask-vault edit   or   flask-vault set db.password
#
# This text is stored encrypted, comments included.
`
