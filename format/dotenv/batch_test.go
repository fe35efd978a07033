package dotenv

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/formattest"
)

// TestSetAllIsSetForEach: many changes together give the bytes that they give one
// by one, or nothing is changed.
func TestSetAllIsSetForEach(t *testing.T) {
	together := 0
	rapid.Check(t, func(t *rapid.T) {
		text := genText().Draw(t, "text")
		var all []format.Assignment
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "c.d", "NEW", "OTHER", "x", "it's", "é"}), 1, 5, rapid.ID)
		for _, path := range names.Draw(t, "paths") {
			value := rapid.OneOf(rapid.SampledFrom([]string{"v", "it's", `C:\x`, `x\`, "", "two\nlines\n", "\r\n", " # no comment", `"`}),
				rapid.SampledFrom(formattest.Values)).Draw(t, "value")
			all = append(all, format.Assignment{Path: path, Value: value})
		}
		if setAllAgrees(t, text, all) {
			together++
		}
	})
	if together < 20 {
		t.Errorf("only %d sets of changes were made together", together)
	}
}

// setAllAgrees compares SetAll with Set for each, and says whether it did something.
func setAllAgrees(t interface{ Fatalf(string, ...any) }, text string, all []format.Assignment) bool {
	at, err := Format{}.Parse([]byte(text))
	if err != nil {
		return false
	}
	one, _ := Format{}.Parse([]byte(text))
	for _, a := range all {
		if err = one.Set(a.Path, a.Value); err != nil {
			break
		}
	}
	if !at.(*document).SetAll(all) {
		if string(at.Bytes()) != text {
			t.Fatalf("%q in %q: it gave up and left %q", all, text, at.Bytes())
		}
		return false
	}
	if err != nil || string(at.Bytes()) != string(one.Bytes()) {
		t.Fatalf("%q in %q: together\n%q\none by one\n%q\n%v", all, text, at.Bytes(), one.Bytes(), err)
	}
	return true
}

// TestSetAllTogether has changes that are to be made together.
func TestSetAllTogether(t *testing.T) {
	for _, text := range []string{"", "# c\n", "A=1", "export A='1'\n# c", "\ufeff", "\ufeffB=x # c\r\nA\r\n", "B=\"x\"\rNEW\r", "A=1\nA=2\n"} {
		if !setAllAgrees(t, text, []format.Assignment{{Path: "NEW", Value: "it's"}, {Path: "A", Value: "x y"}, {Path: "OTHER", Value: ""}, {Path: "B", Value: `C:\x`}}) {
			t.Errorf("%q: it gave up", text)
		}
	}
}

func FuzzSetAll(f *testing.F) {
	for i := range 30 {
		f.Add(genText().Example(i), "A", "x", "NEW", "y z", "OTHER")
	}
	f.Fuzz(func(t *testing.T, text, path1, value1, path2, value2, path3 string) {
		setAllAgrees(t, text, []format.Assignment{{Path: path1, Value: value1}, {Path: path2, Value: value2}, {Path: path3, Value: value1}})
	})
}

func TestTenThousandTogether(t *testing.T) {
	doc, err := Format{}.Parse(Format{}.Template())
	if err != nil {
		t.Fatal(err)
	}
	all := manyValues(10_000)
	start := time.Now()
	if err := format.SetAll(doc, all); err != nil || len(doc.Names()) != len(all) {
		t.Fatalf("%d names, %v", len(doc.Names()), err)
	}
	if took := time.Since(start); took > 10*time.Second { // one by one it takes minutes
		t.Errorf("it took %v", took)
	}
}

func manyValues(n int) []format.Assignment {
	all := make([]format.Assignment, n)
	for i := range all {
		all[i] = format.Assignment{Path: fmt.Sprintf("SERVICE%d_KEY%d", i/10, i), Value: "hunter2"}
	}
	return all
}

func BenchmarkSetAll(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		all := manyValues(n)
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
