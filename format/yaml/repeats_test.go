package yaml

import (
	"reflect"
	"testing"

	"github.com/flask-vault/flask-vault/format"
)

func TestRepeats(t *testing.T) {
	for text, want := range map[string][]format.Repeat{
		"":                            nil,
		"a: 1\nb: 2\n":                nil,
		"# c\na: 1\nb: 2\n\"a\": 3\n": {{Path: "a", Lines: []int{2, 4}}},
		"m:\n  x: 1\n  x: 2\n  x: 3\nm: {y: 1}\n":     {{Path: "m", Lines: []int{1, 5}}, {Path: "m.x", Lines: []int{2, 3, 4}}},
		"l:\n- {x: 1}\n- {x: 1, y: 1, x: 2}\n":        {{Path: "l.x", Lines: []int{3, 3}}},
		"a: &A {x: 1, x: 2}\nb: *A\n<<: *A\n<<: *A\n": {{Path: "<<", Lines: []int{3, 4}}, {Path: "a.x", Lines: []int{1, 1}}},
		"a\u0301: 1\n\u00e1: 2\n":                     nil,
		"1: a\n1: b\n":                                nil, // not text, and no path leads there
		"[a, a]":                                      nil,
	} {
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := doc.(format.Repeater).Repeats(); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
