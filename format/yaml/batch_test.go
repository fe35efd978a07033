package yaml

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
)

// lines are a document's lines, sorted: where a value of several lines ends the
// text, one that is added goes above it, and below it once it is replaced.
func lines(d format.Document) string {
	all := strings.FieldsFunc(strings.TrimPrefix(string(d.Bytes()), "\ufeff"), func(r rune) bool { return r == '\r' || r == '\n' })
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// Many changes at once give the very lines that they give one by one.
func TestSetAllIsSetForEach(t *testing.T) {
	together := 0
	rapid.Check(t, func(t *rapid.T) {
		text := genDocument().Draw(t, "text")
		at, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Skip("no document")
		}
		paths := append(at.Names(), "a", "a.b", "new", "x.y.z", "b.new", "c.d.new", `"`, "k k")
		var all []format.Assignment
		for i, path := range rapid.SliceOfNDistinct(rapid.SampledFrom(paths), 1, 5, rapid.ID).Draw(t, "paths") {
			value := rapid.SampledFrom([]string{"v", "it's", "a: b", "1", "", "two\nlines\n", " # no comment"}).Draw(t, "value")
			all = append(all, format.Assignment{Path: path, Value: fmt.Sprint(value, i)})
		}
		one, _ := Format{}.Parse([]byte(text))
		for _, a := range all {
			if err = one.Set(a.Path, a.Value); err != nil {
				break
			}
		}
		before := string(at.Bytes())
		if !at.(*document).SetAll(all) {
			if string(at.Bytes()) != before {
				t.Fatalf("SetAll gave up and left\n%s\nof\n%s", at.Bytes(), before)
			}
			return
		}
		together++
		if err != nil {
			t.Fatalf("one by one: %v, together\n%s\nof\n%s", err, at.Bytes(), before)
		}
		for _, a := range all {
			v, err := at.Get(a.Path)
			if err != nil || v.Reveal() != a.Value || v.Kind() != format.String {
				t.Fatalf("%q: %v", a.Path, err)
			}
		}
		if lines(one) != lines(at) {
			t.Fatalf("together\n%s\none by one\n%s\nof\n%s", at.Bytes(), one.Bytes(), before)
		}
	})
	if together < 20 {
		t.Errorf("only %d sets of changes were made together", together)
	}
}

func TestSetAllOfAnEmptyDocument(t *testing.T) {
	for _, text := range []string{"", "# secrets\n"} {
		d, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all := []format.Assignment{{Path: "db.user", Value: "shop"}, {Path: "db.password", Value: "hunter2"}}
		if !d.(*document).SetAll(all) || fmt.Sprint(d.Names()) != "[db.user db.password]" {
			t.Errorf("%q: %q", text, d.Bytes())
		}
	}
}

func BenchmarkSetAll(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		all := make([]format.Assignment, n)
		for i := range all {
			all[i] = format.Assignment{Path: fmt.Sprintf("service%d.key%d", i/10, i), Value: "hunter2"}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				d, err := Format{}.Parse(nil)
				if err != nil || !d.(*document).SetAll(all) {
					b.Fatal(err)
				}
			}
		})
	}
}
