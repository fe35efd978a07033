package toml

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
)

// TestSetAllIsSetForEach: many changes together give the bytes that they give one
// by one, or nothing is changed.
func TestSetAllIsSetForEach(t *testing.T) {
	together := 0
	rapid.Check(t, func(t *rapid.T) {
		text := genText().Draw(t, "text")
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Skip("no document")
		}
		paths := append(doc.Names(), "new", "a", "a.b", "a.new", "a.new.x", "a.b.new", "t.new", "t.u.new", "x.new", "x.y.new", "x.y.z.new", "other",
			"n.a", "n.b", "n.m.a", "n.m.b", "n.a.c", "f.g", "f.new", "é", "r.new", "", "a.", `"`)
		var all []format.Assignment
		for i, path := range rapid.SliceOfNDistinct(rapid.SampledFrom(paths), 1, 8, rapid.ID).Draw(t, "paths") {
			value := rapid.SampledFrom([]string{"v", "it's", `C:\x`, "", "two\nlines\n", "\r\n", " # no comment", `"""`}).Draw(t, "value")
			all = append(all, format.Assignment{Path: path, Value: fmt.Sprint(value, i)})
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
		t.Fatalf("%q in %q: together\n%s\none by one\n%s\n%v", all, text, at.Bytes(), one.Bytes(), err)
	}
	return true
}

// TestSetAllTogether has changes that are to be made together.
func TestSetAllTogether(t *testing.T) {
	for _, text := range []string{
		"", "# c\n", "a = 1", "a = 1\n  ", "\ufeffa = 1\r\n# c\r\n", "db.user = \"u\"\nq = 1\n", "# top\n\n# t\n[t]\nb = 2\n", "[t]\n  b = 2\n[u]\n",
		"z = 1\n[db.pool]\nsize = 2\n", "db = 1\n",
	} {
		var all []format.Assignment
		for i, path := range []string{"db.user", "q", "db.password", "db.pool.size", "t.x.y", "t.x.z", "t.b", "db.pool.max", "t.x.y1", "u.v", "a", "db.last"} {
			all = append(all, format.Assignment{Path: path, Value: fmt.Sprint("v", i)})
		}
		if !setAllAgrees(t, text, all) {
			t.Errorf("%q: it gave up", text)
		}
	}
}

func FuzzSetAll(f *testing.F) {
	for i := range 40 {
		f.Add(genText().Example(i), "a.b", "x", "a.c", "y\nz", "new")
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
	if took := time.Since(start); took > 20*time.Second { // one by one it takes minutes
		t.Errorf("it took %v", took)
	}
}

func manyValues(n int) []format.Assignment {
	all := make([]format.Assignment, n)
	for i := range all {
		all[i] = format.Assignment{Path: fmt.Sprintf("service%d.key%d", i/10, i), Value: "hunter2"}
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
