package json

import (
	"fmt"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/format"
)

// TestSetAllIsSetForEach: many changes together give the bytes that they give one
// by one, or nothing is changed.
func TestSetAllIsSetForEach(t *testing.T) {
	together := 0
	for _, text := range []string{
		"{\n}\n", "{}", "", `{"a": "1"}`, `{"a":1,"b":{"c":"2"}}`, "{\n  \"a\": {\n    \"b\": \"1\"\n  },\n  \"l\": [1]\n}\n",
		"{\n\t\"a\": {},\n\t\"z\": null\n}", "{\r\n  \"a\": \"x\"\r\n}\r\n", `["a"]`, `{"a": "1", "a": "2"}`,
	} {
		for _, names := range [][]string{
			{"new", "other"}, {"a", "new", "x.y"}, {"a.b", "a.c", "q"}, {"new", "b.c", "b.d", "z"}, {"l", "new"}, {"new", "new"}, {"q", "\xff"}, {`"`, "a\n"},
		} {
			at, err := Format{}.Parse([]byte(text))
			if err != nil {
				continue
			}
			one, _ := Format{}.Parse([]byte(text))
			var all []format.Assignment
			for i, name := range names {
				all = append(all, format.Assignment{Path: name, Value: fmt.Sprintf("v\"%d\n", i)})
				if err == nil {
					err = one.Set(name, all[i].Value)
				}
			}
			if !at.(*document).SetAll(all) {
				if string(at.Bytes()) != text {
					t.Errorf("%q in %q: it gave up and left %q", names, text, at.Bytes())
				}
				continue
			}
			together++
			if err != nil || string(at.Bytes()) != string(one.Bytes()) {
				t.Errorf("%q in %q: together %q, one by one %q, %v", names, text, at.Bytes(), one.Bytes(), err)
			}
		}
	}
	if together < 30 {
		t.Errorf("only %d sets of changes were made together", together)
	}
}

func TestTenThousandTogether(t *testing.T) {
	doc, err := Format{}.Parse(Format{}.Template())
	if err != nil {
		t.Fatal(err)
	}
	var all []format.Assignment
	for i := range 10_000 {
		all = append(all, format.Assignment{Path: fmt.Sprintf("key%d", i), Value: "v"})
	}
	start := time.Now()
	if err := format.SetAll(doc, all); err != nil || len(doc.Names()) != len(all) {
		t.Fatalf("%d names, %v", len(doc.Names()), err)
	}
	if took := time.Since(start); took > 10*time.Second { // one by one it takes minutes
		t.Errorf("it took %v", took)
	}
}
