package yaml

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
)

// agree compares what scan says of a text with what the parser says.
func agree(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string, more ...string) (simple bool) {
	t.Helper()
	if _, _, simple := scan([]byte(text), ""); !simple {
		return false
	}
	root, err := parse([]byte(text))
	if err != nil {
		t.Fatalf("scan accepts what the parser does not: %v\n%q", err, text)
	}
	full := &document{text: []byte(text), root: root}
	names := append(full.Names(), more...)
	for line := range strings.Lines(text) { // nulls are not among the names
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name, strings.Trim(name, `"' `))
	}
	for _, name := range names {
		kind, value, _ := scan([]byte(text), name)
		want, err := full.Get(name)
		if kind == kindUnknown {
			if err == nil {
				t.Fatalf("scan does not find %q in\n%q", name, text)
			}
			continue
		}
		if err != nil || want.Kind() != kind || want.Reveal() != string(value) {
			t.Fatalf("%q: scan gives %v %q, the parser %v %q, %v in\n%q", name, kind, value, want.Kind(), want.Reveal(), err, text)
		}
	}
	return true
}

func FuzzScan(f *testing.F) {
	seeds(f, func(text string) { f.Add(text, "a") })
	for _, text := range simple {
		f.Add(text, "b")
	}
	f.Fuzz(func(t *testing.T, text, name string) { agree(t, text, name) })
}

var simple = []string{
	"", "\n", "# only a comment\n", "a: 1\n", "a: 1", "a:\nb: x\n", "a: \"it's\"\nb: 'say \"x\"'\nc: \"\"\nd: ''\n",
	"a: 0123\nb: yes\n", "a: null\nb: Null\n", "b: NULL\na: true\n", "a: 2024-01-02\n", "a: correct horse battery staple\n", "a: postgres://u:p@host:5432/db\n",
	"a: 1\na: 2\n", "a: 1\na:\n", "db.password: x\nsmtp-host_1: y\n", "y: 1\nnope: x\n", "a: 1:2\n", "a: x=y\n", "# a\n\n# b\na: b/c+d@e%f,g\n",
}

var notSimple = []string{
	"a: |\n  x\n", "a:\n  b: x\n", "a:\n- x\n", "- x\n", "a: [x]\n", "a: {b: c}\n", "a: &x y\n", "a: *x\n", "a: !!str 1\n", "? a\n: b\n",
	"a: \"x\\n\"\n", "a: 'it''s'\n", "a: x # c\n", "a: x #c\n", "a: b: c\n", "a: b :c\n", "a: b:\n", "a: \"b\" c\n", "a: \"b\n", "a: x\n  y\n", "a: \tx\n", "a: x\t\n", "a: x \n",
	"a: x\r\n", "\ufeffa: x\n", "é: x\n", "a: é\n", "---\na: x\n", "a: x\n...\n", "%YAML 1.1\n---\n", "yes: x\n", "null: x\n", "1: x\n", "<<: x\n", "=: x\n", "a: =\n", "a: <<\n",
	"a: 2024-13-45\n", "a: 0x_\n", "a: 0b_\n", "a:x\n", "a : x\n", " a: x\n", "a: x\x00\n", "a: @x\n", "a: %x\n", "a: - x\n", "x\n", "a: \n", "a: \"\n", "a: '\n", "a: ~\n", "\"a\": x\n", "#\tc\n", "a: " + strings.Repeat("9", 5000) + "\n",
}

func TestScan(t *testing.T) {
	for _, text := range simple {
		if !agree(t, text, "nope") {
			t.Errorf("%q is simple", text)
		}
	}
	for _, text := range notSimple {
		if agree(t, text) {
			t.Errorf("%q is not simple", text)
		}
	}
}

// Documents of simple lines with a few characters changed.
func TestScanAgreesWithTheParser(t *testing.T) {
	accepted := 0
	line := rapid.SampledFrom(strings.Split(strings.Join(simple, "\n")+strings.Join(notSimple, "\n"), "\n"))
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOfN(line, 1, 6).Draw(t, "lines"), "\n"))
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			if len(text) == 0 {
				break
			}
			at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			text[at] = rapid.SampledFrom([]byte(" :#-.,\"'abnyY0179\n\r\t=<~_@%&*!|>[]{}?\\\xc2\x85")).Draw(t, "byte")
		}
		if agree(t, string(text), "a", "b", "") {
			accepted++
		}
	})
	if accepted < 10 {
		t.Errorf("only %d documents were simple", accepted)
	}
}

// The first Get reads no tree, and everything after it gives the same.
func TestGetScansOnce(t *testing.T) {
	d, err := Format{}.Parse(flat(100))
	if err != nil {
		t.Fatal(err)
	}
	doc := d.(*document)
	first, err := doc.Get("section42.key42")
	if err != nil || !doc.unparsed {
		t.Fatalf("%v, unparsed %v", err, doc.unparsed)
	}
	second, err := doc.Get("section42.key42")
	if err != nil || doc.unparsed || !first.Equal(second) || first.Kind() != second.Kind() {
		t.Fatalf("the second differs: %v", err)
	}
	if len(doc.Names()) != 100 {
		t.Error(doc.Names())
	}
	fresh, _ := Format{}.Parse(flat(100))
	if err := fresh.Set("new", "x"); err != nil || !bytes.HasPrefix(fresh.Bytes(), flat(100)) {
		t.Errorf("Set on what is not parsed: %v", err)
	}
	fresh, _ = Format{}.Parse(flat(100))
	if _, err := fresh.Get("section43.key43x"); err == nil {
		t.Error("a name is found that is not there")
	}
}

func BenchmarkScan10000Keys(b *testing.B) {
	text := flat(10_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, _, simple := scan(text, "section99.key9999"); !simple {
			b.Fatal("not simple")
		}
	}
}

// treeOf is the tree of a document, made if it was only scanned so far.
func treeOf(d format.Document) *node {
	doc := d.(*document)
	doc.mu.Lock()
	defer doc.mu.Unlock()
	doc.load()
	return doc.root
}
