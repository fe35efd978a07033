package formattest_test

import (
	"fmt"
	"strings"
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

// TestDump shows that Dump sees what the tests of secrets need it to see.
func TestDump(t *testing.T) {
	type inner struct{ text *string }
	type outer struct {
		self  *outer
		any   any
		bytes []byte
		names map[string]inner
		f     func() string
	}
	seen, hidden := "pointed at", "captured"
	x := &outer{any: inner{&seen}, bytes: []byte("raw"), f: func() string { return hidden }}
	x.names = map[string]inner{"key": {&seen}}
	x.self = x
	got := formattest.Dump(x)
	for _, want := range []string{seen, "raw", fmt.Sprintf("%x", "raw"), "key"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if strings.Contains(got, hidden) {
		t.Errorf("a function shows what it captured: %s", got)
	}
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
