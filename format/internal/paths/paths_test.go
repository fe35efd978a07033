package paths

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// object is a mapping of a test: values are objects or texts.
type object struct {
	names  []string
	values map[string]any
}

func newObject(pairs ...any) *object {
	o := &object{values: map[string]any{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.names = append(o.names, pairs[i].(string))
		o.values[pairs[i].(string)] = pairs[i+1]
	}
	return o
}

type entry struct {
	in   *object
	name string
}

func tree() *Tree[*object, entry] {
	return &Tree[*object, entry]{
		Order: func(o *object) []string { return o.names },
		Get: func(o *object, name string) (entry, bool) {
			_, ok := o.values[name]
			return entry{o, name}, ok
		},
		Into: func(e entry) (*object, bool) {
			o, ok := e.in.values[e.name].(*object)
			return o, ok
		},
		IsNull:  func(e entry) bool { return e.in.values[e.name] == nil },
		Longest: func(*object) int { return 1000 },
	}
}

func Example() {
	t := tree()
	top := newObject("db.user", "root", "production", newObject("db.url", "x", "db", newObject("pool", "5")))
	for _, path := range t.Leaves(top) {
		for _, step := range t.Find(top, path) {
			fmt.Printf("%s > ", step.Name)
		}
		fmt.Println(path)
	}
	// Output:
	// db.user > db.user
	// production > db.url > production.db.url
	// production > db > pool > production.db.pool
}

func TestFind(t *testing.T) {
	top := newObject(
		"a.b", newObject("c", "longest"),
		"a", newObject("b", newObject("c", "hidden", "d", "nested"), "b.e", "flat rest", "n", nil),
		"a.b.d.e", "flat",
		"", "empty", ".", "dot",
	)
	for path, want := range map[string]string{
		"a.b.c": "longest", "a.b.d": "nested", "a.b.e": "flat rest", "a.b.d.e": "flat", "": "empty", ".": "dot",
		"a.b.x": "", "x": "", "a.": "", "..": "",
	} {
		got := ""
		if steps := tree().Find(top, path); steps != nil {
			last := steps[len(steps)-1]
			got, _ = last.In.values[last.Name].(string)
		}
		if got != want {
			t.Errorf("Find(%q) finds %q, want %q", path, got, want)
		}
	}
	want := []string{"a.b.c", "a.b.d", "a.b.e", "a.b.d.e", "", "."}
	if got := tree().Leaves(top); !slices.Equal(got, want) {
		t.Errorf("Leaves gives %q, want %q", got, want)
	}
}

func TestPrefixes(t *testing.T) {
	var got []string
	Prefixes("a.b.c", func(prefix, rest string) bool {
		got = append(got, prefix+"|"+rest)
		return true
	})
	if strings.Join(got, " ") != "a.b|c a|b.c" {
		t.Errorf("%q", got)
	}
}

// TestManyWays: shared mappings, which could be cut in 2^100 ways.
func TestManyWays(t *testing.T) {
	o := newObject("z", "end")
	for range 100 {
		o = newObject("x", o, "x.x", o)
	}
	if tree().Find(o, strings.Repeat("x.", 150)+"y") != nil {
		t.Error("something is found")
	}
	if tree().Find(o, strings.Repeat("x.", 100)+"z") == nil {
		t.Error("nothing is found")
	}
}

func genObject(depth int) *rapid.Generator[*object] {
	return rapid.Custom(func(t *rapid.T) *object {
		o := newObject()
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "a.b", "b.a", "a.a.b", "", "."}), 0, 4, rapid.ID[string]).Draw(t, "names") {
			o.names = append(o.names, name)
			if depth > 0 && rapid.Bool().Draw(t, "nested") {
				o.values[name] = genObject(depth-1).Draw(t, "object")
			} else {
				o.values[name] = "leaf"
			}
		}
		return o
	})
}

// TestLeavesAreFound: every leaf is found, and what is found by exhaustive
// search in the documented order is what Find gives.
func TestLeavesAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		top := genObject(3).Draw(t, "top")
		seen := map[string]bool{}
		for _, path := range tree().Leaves(top) {
			if seen[path] {
				t.Fatalf("%q is there twice", path)
			}
			seen[path] = true
			steps := tree().Find(top, path)
			if steps == nil {
				t.Fatalf("%q is not found", path)
			}
			var names []string
			for _, step := range steps {
				names = append(names, step.Name)
			}
			if strings.Join(names, ".") != path {
				t.Fatalf("%q is found as %q", path, names)
			}
		}
	})
}
