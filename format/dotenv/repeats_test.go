package dotenv

import (
	"reflect"
	"testing"

	"github.com/flask-vault/flask-vault/format"
)

func TestRepeats(t *testing.T) {
	for text, want := range map[string][]format.Repeat{
		"":           nil,
		"A=1\nB=2\n": nil,
		"# c\n\nA=1\nB=\"x\ny\"\nexport A=2\nA\n": {{Path: "A", Lines: []int{3, 6, 7}}},
		"A=1\r\nA=2\r\n": {{Path: "A", Lines: []int{1, 2}}},
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
