package json

import (
	"reflect"
	"testing"

	"github.com/flask-vault/flask-vault/format"
)

func TestRepeats(t *testing.T) {
	for text, want := range map[string][]format.Repeat{
		"":                                       nil,
		`{"a": 1, "b": {"a": 2}}`:                nil,
		"{\"a\": 1,\n\"b\": 2,\n\"\\u0061\": 3}": {{Path: "a", Lines: []int{1, 3}}},
		"{\n\"m\": {\"x\": 1,\n\"x\": 2},\n\"m\": {\"y\": 1}}": {{Path: "m", Lines: []int{2, 4}}, {Path: "m.x", Lines: []int{2, 3}}},
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
