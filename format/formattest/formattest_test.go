package formattest_test

import (
	"fmt"
	"testing"

	"github.com/flask-vault/flask-vault/format/dotenv"
	"github.com/flask-vault/flask-vault/format/formattest"
)

// A format's own test looks like this one.
func TestConformance(t *testing.T) {
	formattest.Run(t, dotenv.Format{},
		formattest.Sample{Name: "values", Text: "# top\nA=b\nC='d e' # f\n"},
		formattest.Sample{Name: "comments only", Text: "# nothing here\n"},
	)
}

func Example() {
	doc, _ := dotenv.Format{}.Parse(nil)
	for _, value := range formattest.Values[:4] {
		if err := doc.Set("NAME", value); err == nil {
			fmt.Printf("%s", doc.Bytes())
		}
	}
	// Output:
	// NAME=
	// NAME=' '
	// NAME='plain'
	// NAME='two words'
}
