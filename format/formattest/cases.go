package formattest

import (
	"errors"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/format"
)

// Refusal is a text that is no document, and where its error points: from 1, or 0 for
// wherever that is. What must not be quoted is the word hunter2.
type Refusal = struct {
	Name, Text   string
	Line, Column int
}

// Refused checks that a format refuses texts with a *[format.SyntaxError] that says
// something, and quotes nothing.
func Refused(t *testing.T, f format.Format, cases []Refusal) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			_, err := f.Parse([]byte(c.Text))
			var syntax *format.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("Parse gives %v, want a SyntaxError", err)
			}
			if c.Line > 0 && syntax.Line != c.Line || c.Column > 0 && syntax.Column != c.Column || syntax.Line < 1 || syntax.Column < 1 {
				t.Errorf("%v; want line %d, column %d", err, c.Line, c.Column)
			}
			if strings.Contains(err.Error(), "hunter2") || syntax.Msg == "" || strings.EqualFold(syntax.Msg, "not "+f.Name()) || len(err.Error()) > 200 {
				t.Errorf("the message is %.300q", err)
			}
		})
	}
}

// Change is a document, what is set in it, and the text that it is afterwards.
type Change = struct{ Name, Text, Path, Value, Want string }

// Changes checks that a format makes changes to the byte.
func Changes(t *testing.T, f format.Format, cases []Change) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			doc := parse(t, f, c.Text)
			if !set(t, doc, c.Path, c.Value) {
				t.Fatal("it cannot hold the value")
			}
			if got := string(doc.Bytes()); got != c.Want {
				t.Errorf("got\n%s\nwant\n%s", got, c.Want)
			}
		})
	}
}

// Parsed is the body of a fuzz test of Parse: the error is a *[format.SyntaxError], and
// a document has the text and all values that it names. It is nil for no document.
func Parsed(t *testing.T, f format.Format, text string) format.Document {
	t.Helper()
	doc, err := f.Parse([]byte(text))
	if err != nil {
		var syntax *format.SyntaxError
		if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 {
			t.Fatalf("%v is no SyntaxError", err)
		}
		return nil
	}
	if string(doc.Bytes()) != text {
		t.Fatal("Bytes differs")
	}
	values(t, doc)
	return doc
}

// Changed is the body of a fuzz test of Set: Get gives what was set, or nothing is
// changed. It is nil for no document and for no change.
func Changed(t *testing.T, f format.Format, text, path, value string) format.Document {
	t.Helper()
	doc, err := f.Parse([]byte(text))
	if err != nil {
		return nil
	}
	if doc.Set(path, value) != nil {
		if string(doc.Bytes()) != text {
			t.Fatal("a failed Set changed the text")
		}
		return nil
	}
	if v, err := doc.Get(path); err != nil || v.Reveal() != value || v.Kind() != format.String {
		t.Fatalf("Get after Set: the %v %q, %v", v.Kind(), v.Reveal(), err)
	}
	return doc
}
