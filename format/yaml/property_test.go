package yaml

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	yamllib "go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/formattest"
)

// genDocument draws a document of mappings, lists and scalars in all styles,
// with comments, anchors, aliases and merge keys.
func genDocument() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		g := generator{t: t}
		var b strings.Builder
		if g.chance(8) {
			b.WriteString("\ufeff")
		}
		if g.chance(6) {
			b.WriteString("---" + g.pick("", " # start") + "\n")
		}
		switch {
		case g.chance(8):
			b.WriteString(g.flowMapping(2) + "\n")
		case g.chance(10):
			b.WriteString("# only a comment\n")
		default:
			b.WriteString(g.blockMapping(0, 3))
		}
		if g.chance(8) {
			b.WriteString("...\n")
		}
		text := b.String()
		if g.chance(4) {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		if g.chance(5) {
			text = strings.TrimRight(text, "\r\n")
		}
		return text
	})
}

type generator struct {
	t       *rapid.T
	anchors []string // of scalars and mappings that are complete
	maps    []string
}

// chance is true once in n times.
func (g *generator) chance(n int) bool { return rapid.IntRange(1, n).Draw(g.t, "chance") == 1 }

func (g *generator) pick(all ...string) string { return rapid.SampledFrom(all).Draw(g.t, "pick") }

func (g *generator) key() string {
	return g.pick("a", "b", "c", "d", "e", "a.b", "a.b.c", "b.c", "x.y", "'q'", `"r.s"`, "k k", "1", "yes", "~", "2024-01-02", `""`, "é", "'on'")
}

func (g *generator) comment() string { return g.pick("", "", "", " # c", "   # it's: [c]") }

func (g *generator) blockMapping(indent, depth int) string {
	margin := strings.Repeat(" ", indent)
	var b strings.Builder
	for range rapid.IntRange(1, 4).Draw(g.t, "pairs") {
		if g.chance(5) {
			b.WriteString(g.pick("\n", margin+"# about\n", "# left\n", "\n\n"))
		}
		if len(g.maps) > 0 && g.chance(6) {
			b.WriteString(margin + "<<: *" + g.pick(g.maps...) + g.comment() + "\n")
			continue
		}
		b.WriteString(margin + g.key() + g.pick(":", ":", " :"))
		b.WriteString(g.blockValue(indent, depth))
	}
	return b.String()
}

func (g *generator) blockValue(indent, depth int) string {
	margin := strings.Repeat(" ", indent)
	anchor := ""
	if g.chance(6) {
		anchor = " &n" + g.pick("a", "b", "c", "d", "e", "f", "g", "h")
		for _, used := range append(g.anchors, g.maps...) {
			if " &"+used == anchor {
				anchor = ""
				break
			}
		}
	}
	define := func(list *[]string) {
		if anchor != "" {
			*list = append(*list, anchor[2:])
		}
	}
	switch {
	case depth > 0 && g.chance(5):
		inner := g.blockMapping(indent+rapid.IntRange(1, 4).Draw(g.t, "indent"), depth-1)
		text := anchor + g.comment() + "\n" + inner
		define(&g.maps)
		return text
	case g.chance(8):
		return anchor + "\n" + margin + "- x" + g.comment() + "\n" + margin + "- 'y'\n"
	case depth > 0 && g.chance(8):
		return " " + g.flowMapping(depth-1) + g.comment() + "\n"
	case g.chance(8):
		return " [1, two, 'three, four', [five]]" + g.comment() + "\n"
	case len(g.anchors) > 0 && g.chance(5):
		return " *" + g.pick(g.anchors...) + g.comment() + "\n"
	case g.chance(10):
		return g.comment() + "\n" // a null
	case g.chance(4):
		inner := margin + "  "
		text := g.pick("one\n"+inner+"two\n", "one\n\n"+inner+"  deeper\n", "# no comment\n"+inner+"k: v\n", "tab\there\n", "last  \n", "one\n"+inner+"two\n\n\n")
		return anchor + " " + g.pick("|", "|-", "|+", ">", ">-", "|2") + g.comment() + "\n" + inner + text
	}
	text := g.pick("plain", "two words", "0123", "1.5", "yes", "null", "2024-01-31", "22:22", "p#a", "http://h/?q=1#f", "'single'", "'it''s'", "'# no'",
		`"double"`, `"esc \" \n \x41"`, "'two\n\n"+margin+"  lines'", "\"two\n"+margin+"  lines\"", "folded\n"+margin+"  plain", "!!str 1", "!!int '5'", "!!binary aGVsbG8=")
	if !strings.HasPrefix(text, "!") || anchor == "" {
		define(&g.anchors)
	} else {
		anchor = ""
	}
	return anchor + " " + text + g.comment() + "\n"
}

func (g *generator) flowMapping(depth int) string {
	space := g.pick("", " ", "\n  ")
	var pairs []string
	for range rapid.IntRange(0, 3).Draw(g.t, "pairs") {
		value := g.pick("x", "'y, z'", `"w"`, "1", "yes", "null", "[1, 2]", "")
		if depth > 0 && g.chance(4) {
			value = g.flowMapping(depth - 1)
		}
		pairs = append(pairs, g.key()+": "+value)
	}
	return "{" + space + strings.Join(pairs, ","+g.pick(" ", "\n  ", " # c\n  ")) + g.pick("", "", " ", "\n  ") + "}"
}

// genValue draws any text.
func genValue() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(formattest.Values), rapid.String(),
		rapid.StringOf(rapid.RuneFrom([]rune(" \t\n:#-'\"[]{},&*!|>?%@`\\ab01.=<~\u0085\u2028\ufeffé"))))
}

func genPath() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"a", "b", "a.b", "a.b.c", "a.b.c.d", "b.c", "c.a", "d.e.a", "x.y", "x.y.z", "q", "r.s", "k k", "", "1", "yes", ".", "a.", "new", "e.new", "<<"})
}

// snapshot reads what all names give.
func snapshot(t fataler, doc format.Document) map[string]format.Value {
	t.Helper()
	all := map[string]format.Value{}
	for _, name := range doc.Names() {
		v, err := doc.Get(name)
		if err != nil {
			t.Fatalf("Names has %q, but Get: %v\n%s", name, err, doc.Bytes())
		}
		if _, twice := all[name]; twice {
			t.Fatalf("Names has %q twice\n%s", name, doc.Bytes())
		}
		all[name] = v
	}
	return all
}

// TestNamesAreFound: whatever Parse accepts, Names and Get agree.
func TestNamesAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genDocument().Draw(t, "document")
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Skip(err)
		}
		snapshot(t, doc)
		if string(doc.Bytes()) != text {
			t.Fatalf("Bytes is %q", doc.Bytes())
		}
	})
}

// TestSetThenUnset: what is added and removed again leaves the bytes as they were.
func TestSetThenUnset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genDocument().Draw(t, "document")
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Skip(err)
		}
		path := genPath().Draw(t, "path")
		if _, err := doc.Get(path); err == nil {
			path = "quite.new"
		}
		value := genValue().Draw(t, "value")
		before := snapshot(t, doc)
		err = doc.Set(path, value)
		var refused *format.PathError
		if errors.As(err, &refused) && refused.Msg == msgAlias {
			t.Skip(err)
		}
		if err != nil {
			t.Fatalf("Set(%q, %q): %v\n%q", path, value, err, text)
		}
		after := snapshot(t, doc)
		shared := strings.Contains(text, "*n") // then other names can follow
		if len(after) != len(before)+1 && !shared || after[path].Reveal() != value || after[path].Kind() != format.String {
			t.Fatalf("Set(%q, %q) gives\n%s", path, value, doc.Bytes())
		}
		for name, v := range before {
			if !after[name].Equal(v) && !shared {
				t.Fatalf("Set(%q, %q) changed %q\n%s", path, value, name, doc.Bytes())
			}
		}
		wrote := string(doc.Bytes())
		if err := doc.Unset(path); err != nil {
			t.Fatalf("Unset(%q): %v\n%q", path, err, wrote)
		}
		if string(doc.Bytes()) != text {
			t.Fatalf("Unset(%q) of\n%q gives\n%q, want\n%q", path, wrote, doc.Bytes(), text)
		}
	})
}

// TestEdits makes random edits one after the other. Each gives what it says or
// changes nothing, and the parser's own reader takes every value for the same
// text.
func TestEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genDocument().Draw(t, "document")
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Skip(err)
		}
		for range rapid.IntRange(1, 8).Draw(t, "edits") {
			path := genPath().Draw(t, "path")
			if names := doc.Names(); len(names) > 0 && rapid.Bool().Draw(t, "known") {
				path = rapid.SampledFrom(names).Draw(t, "name")
			}
			before := string(doc.Bytes())
			if rapid.Bool().Draw(t, "unset") {
				tryUnset(t, doc, path, before)
			} else {
				trySet(t, doc, path, genValue().Draw(t, "value"), before)
			}
		}
	})
}

func tryUnset(t *rapid.T, doc format.Document, path, before string) {
	old, getErr := doc.Get(path)
	err := doc.Unset(path)
	var refused *format.PathError
	switch {
	case errors.Is(err, format.ErrNotFound):
		if getErr == nil {
			t.Fatalf("Get finds %q, Unset does not\n%q", path, before)
		}
	case errors.As(err, &refused):
		if refused.Msg == msgOther {
			t.Fatalf("Unset(%q): %v\n%q", path, err, before)
		}
	case err != nil:
		t.Fatalf("Unset(%q): %v\n%q", path, err, before)
	default:
		if v, err := doc.Get(path); err == nil && v.Equal(old) && old.Kind() == format.String && strings.Count(before, old.Reveal()) == 1 {
			t.Fatalf("%q is there after Unset\n%q\n%q", path, before, doc.Bytes())
		}
		return
	}
	if string(doc.Bytes()) != before {
		t.Fatalf("a failed Unset(%q) changed the text\n%q", path, before)
	}
}

func trySet(t *rapid.T, doc format.Document, path, value, before string) {
	err := doc.Set(path, value)
	var refused *format.PathError
	if errors.As(err, &refused) && refused.Msg != msgOther {
		if string(doc.Bytes()) != before {
			t.Fatalf("a failed Set(%q) changed the text\n%q", path, before)
		}
		return
	}
	if err != nil {
		t.Fatalf("Set(%q, %q): %v\n%q", path, value, err, before)
	}
	v, err := doc.Get(path)
	if err != nil || v.Reveal() != value || v.Kind() != format.String {
		t.Fatalf("Get(%q) after Set(%q): %q, %v\n%q", path, value, v.Reveal(), err, before)
	}
	var top map[any]any
	if err := yamllib.Load(doc.Bytes(), &top, yamllib.WithUniqueKeys(false)); err != nil {
		return // a key that the parser's own reader does not take
	}
	// To YAML 1.2 the keys yes and "yes" are the same.
	if got, flat := top[path]; flat && path != "yes" && got != any(value) {
		t.Fatalf("another reader takes %q for %#v\n%q", value, got, doc.Bytes())
	}
}

// TestRenderedCollections: the text of a list or mapping parses to the same.
func TestRenderedCollections(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genDocument().Draw(t, "document")
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Skip(err)
		}
		checkRendered(t, treeOf(doc), text)
	})
	for _, dir := range vectorDirs(t, "vaults") {
		text, err := os.ReadFile(filepath.Join(dir, "plaintext.yml"))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := Format{}.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		checkRendered(t, treeOf(doc), string(text))
	}
}

func checkRendered(t fataler, n *node, text string) {
	t.Helper()
	if n == nil || n.Kind == yamllib.ScalarNode {
		return
	}
	out := value(n).Reveal()
	again, err := parse([]byte(out))
	if err != nil {
		t.Fatalf("the rendered text does not parse: %v\n%s\nof\n%s", err, out, text)
	}
	if got, want := canonText(again), canonText(n); got != want {
		t.Fatalf("rendered as\n%s\nwhich means %s, want %s", out, got, want)
	}
}
