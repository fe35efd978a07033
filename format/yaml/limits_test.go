package yaml

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/format"
)

// flat is a document of n flat keys.
func flat(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "section%d.key%d: value-%d\n", i%100, i, i)
	}
	return []byte(b.String())
}

// TestHostileDocuments: what would unfold to too much is refused, and soon.
func TestHostileDocuments(t *testing.T) {
	bomb := "l0: &l0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		alias := fmt.Sprintf("*l%d", i-1)
		bomb += fmt.Sprintf("l%d: &l%d [%s%s]\n", i, i, strings.Repeat(alias+", ", 8), alias)
	}
	mapBomb := strings.NewReplacer("[", "{a: ", "]", "}").Replace(bomb)
	for i := range 9 {
		mapBomb = strings.Replace(mapBomb, ", *", fmt.Sprintf(", k%d: *", i), -1)
	}
	long := "s: &s " + strings.Repeat("x", 1<<20) + "\nl: [" + strings.Repeat("*s, ", 1000) + "*s]\n"
	chain := "m0: &m0 {k: v}\n"
	for i := 1; i < 300; i++ {
		chain += fmt.Sprintf("m%d: &m%d {<<: *m%d, k%d: v}\n", i, i, i-1, i)
	}
	tests := map[string]string{
		"100000 brackets":    strings.Repeat("[", 100_000),
		"100000 closed":      strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"100000 braces":      strings.Repeat("{a: ", 100_000),
		"100000 dashes":      strings.Repeat("- ", 100_000),
		"nested mappings":    nested(101),
		"alias bomb":         bomb,
		"alias bomb of maps": mapBomb,
		"alias of itself":    "a: &a [*a]\n",
		"alias in a mapping": "a: &a\n  b: *a\n",
		"long text aliased":  long,
		"merge chain":        chain,
		"300000 keys":        strings.Repeat("k: v\n", 300_001),
		"a list of 1000000":  "[" + strings.Repeat("a,", 1_000_000) + "]",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := Format{}.Parse([]byte(text))
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			var syntax *format.SyntaxError
			if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 || len(err.Error()) > 200 {
				t.Fatalf("Parse gives %.300v, want a short SyntaxError", err)
			}
			if strings.Contains(err.Error(), "too long") && took > time.Second {
				t.Errorf("took %v to count", took)
			}
			if limit := time.Minute; took > limit {
				t.Errorf("took %v", took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 1500<<20 {
				t.Errorf("allocated %d MiB", used>>20)
			}
			t.Logf("%v, %d MiB: %v", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, err)
		})
	}
}

// nested is a document of mappings within mappings.
func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String() + strings.Repeat(" ", depth) + "b: c\n"
}

func TestDeepestDocument(t *testing.T) {
	doc, err := Format{}.Parse([]byte(nested(maxDepth - 1)))
	if err != nil {
		t.Fatal(err)
	}
	path := strings.Repeat("a.", maxDepth-1) + "b"
	if v, err := doc.Get(path); err != nil || v.Reveal() != "c" {
		t.Errorf("Get gives %v", err)
	}
	if names := doc.Names(); len(names) != 1 || names[0] != path {
		t.Errorf("Names gives %d names", len(names))
	}
}

func TestManyKeys(t *testing.T) {
	doc, err := Format{}.Parse(flat(40_000))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(doc.Names()); n != 40_000 {
		t.Errorf("%d names", n)
	}
	if v, err := doc.Get("section99.key39999"); err != nil || v.Reveal() != "value-39999" {
		t.Errorf("Get gives %v", err)
	}
}

// TestPathsInAliasedMappings: a path that could be cut in 2^60 ways is looked
// up in bounded time.
func TestPathsInAliasedMappings(t *testing.T) {
	text := "l0: &l0 {z: 1}\n"
	for i := 1; i < 16; i++ {
		text += fmt.Sprintf("l%d: &l%d {x: *l%d, x.x: *l%d}\n", i, i, i-1, i-1)
	}
	doc, err := Format{}.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := doc.Get("l15" + strings.Repeat(".x", 60)); !errors.Is(err, format.ErrNotFound) {
		t.Errorf("Get gives %v", err)
	}
	names := doc.Names()
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			t.Fatalf("%s is there twice", name)
		}
		seen[name] = true
		if _, err := doc.Get(name); err != nil {
			t.Fatal(err)
		}
	}
}
