// Package formattest checks that a format keeps the promises of package format.
//
// A format calls [Run] in a test of its own with documents that cover what it
// can write:
//
//	func TestConformance(t *testing.T) {
//		formattest.Run(t, yaml.Format{}, formattest.Sample{Name: "flat", Text: "db.password: hunter2\n"})
//	}
package formattest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flask-vault/flask-vault/format"
)

// Sample is a document to test with. None of its values depends on another.
type Sample struct {
	Name string
	Text string
}

// Values are texts that a format has to hold unchanged, or refuse with a
// *[format.ValueError].
var Values = []string{
	"", " ", "plain", "two words", " space at both ends ", "yes", "No", "null", "~", "true", "0123", "1.10", "22:22",
	"2024-01-31", "-1", "1e3", "0x1F", "0o17", ".inf", "NaN", "=", "<<", "-", "--", "---", "...", "- a", "? a", ": a", "a: b", "a:", ":a",
	"a #b", "a#b", "#a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a`", "[a]", "{a: b}", "a,b", "a]b", "a}b", "a?b", "?a",
	`'single'`, `"double"`, `it's`, `say "hi"`, `back\slash`, `\n`, `\`, `C:\new\table`, "$HOME", "${HOME}", "$(id)", "a=b", "=a", "export a=b",
	"tab\there", "\ttab first", "tab last\t", "two\nlines", "two\nlines\n", "one line\n", "\nfirst empty", "three\n\nlines\n", "trailing\n\n", "\n",
	"  indented\nblock", "a\n  b\n c\n", "a \nb", "a\n \nb", "cr\rhere", "crlf\r\nhere", "# one\n# two\n", "---\nx\n", "'''", `"""`, "a\n'''\nb", "a\n\"\"\"\nb",
	"Zoë Łukasz 密码 🔑", "\u00a0nbsp\u00a0", "next\u0085line", "sep\u2028arator\u2029", "\ufeffbom", "zero\u200bwidth", "esc\x1b[1m", "nul\x00byte", "del\x7f", "\u0080\u009f", "\ufffe\uffff", "\U0010ffff",
	"-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEA\n-----END PRIVATE KEY-----\n",
	strings.Repeat("long ", 500),
}

// Run tests a format with the samples.
func Run(t *testing.T, f format.Format, samples ...Sample) {
	t.Helper()
	t.Run("names", func(t *testing.T) { testNames(t, f) })
	t.Run("empty", func(t *testing.T) { testEmpty(t, f) })
	for _, s := range samples {
		t.Run(s.Name, func(t *testing.T) {
			t.Run("read", func(t *testing.T) { testRead(t, f, s.Text) })
			t.Run("add", func(t *testing.T) { testAdd(t, f, s.Text) })
			t.Run("replace", func(t *testing.T) { testReplace(t, f, s.Text) })
			t.Run("together", func(t *testing.T) { testTogether(t, f, s.Text) })
			t.Run("remove", func(t *testing.T) { testRemove(t, f, s.Text) })
		})
	}
}

func parse(t *testing.T, f format.Format, text string) format.Document {
	t.Helper()
	doc, err := f.Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse: %v\n%q", err, text)
	}
	return doc
}

func testNames(t *testing.T, f format.Format) {
	if f.Name() == "" || strings.ToLower(f.Name()) != f.Name() {
		t.Errorf("Name is %q, want a word in lower case", f.Name())
	}
	for _, e := range f.Extensions() {
		if !strings.HasPrefix(e, ".") || strings.ToLower(e) != e || strings.HasSuffix(e, ".enc") {
			t.Errorf("Extensions has %q", e)
		}
	}
}

func testEmpty(t *testing.T, f format.Format) {
	for what, text := range map[string]string{"empty text": "", "the template": string(f.Template())} {
		doc := parse(t, f, text)
		if names := doc.Names(); len(names) != 0 {
			t.Errorf("%s has the names %q", what, names)
		}
		if _, err := doc.Get("a"); !errors.Is(err, format.ErrNotFound) {
			t.Errorf("Get in %s: %v, want a NotFoundError", what, err)
		}
		if string(doc.Bytes()) != text {
			t.Errorf("Bytes of %s is %q", what, doc.Bytes())
		}
		if err := doc.Unset("a"); !errors.Is(err, format.ErrNotFound) {
			t.Errorf("Unset in %s: %v, want a NotFoundError", what, err)
		}
	}
}

func testRead(t *testing.T, f format.Format, text string) {
	doc := parse(t, f, text)
	if string(doc.Bytes()) != text {
		t.Errorf("Bytes differs from the text: %q", doc.Bytes())
	}
	testOutline(t, doc)
	var wait sync.WaitGroup
	for range 4 { // reading is safe from several goroutines, from the first call on
		wait.Go(func() { values(t, doc) })
	}
	wait.Wait()
	var missing *format.NotFoundError
	if _, err := doc.Get("no.such-name"); !errors.As(err, &missing) || missing.Path != "no.such-name" {
		t.Errorf("Get of a missing name: %v", err)
	}
	if err := doc.Unset("no.such-name"); !errors.As(err, &missing) || missing.Path != "no.such-name" {
		t.Errorf("Unset of a missing name: %v", err)
	}
	if string(doc.Bytes()) != text {
		t.Error("a failed Unset changed the text")
	}
}

// testOutline checks that the parts of a document make its text, and have all
// of its values.
func testOutline(t *testing.T, doc format.Document) {
	o, ok := doc.(format.Outliner)
	if !ok {
		return
	}
	b := o.Outline()
	if b == nil {
		t.Error("Outline gives nothing")
		return
	}
	if b.Text() != string(doc.Bytes()) {
		t.Errorf("the parts make\n%q, want\n%q", b.Text(), doc.Bytes())
	}
	have := map[string]format.Value{}
	var walk func(b *format.Block, prefix string)
	walk = func(b *format.Block, prefix string) {
		for _, e := range b.Entries {
			path := prefix + strings.Join(e.Path, ".")
			if e.Block == nil {
				have[path] = e.Value
			} else if len(e.Path) == 0 {
				walk(e.Block, prefix)
			} else {
				walk(e.Block, path+".")
			}
		}
	}
	walk(b, "")
	for _, name := range doc.Names() {
		if got, ok := have[name]; ok {
			if want, _ := doc.Get(name); want.Kind() != format.Sequence && !got.Equal(want) {
				t.Errorf("the outline has another value at %q", name)
			}
		} else {
			t.Errorf("the outline lacks %q", name)
		}
	}
}

// values reads all values of a document and checks Names.
func values(t *testing.T, doc format.Document) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range doc.Names() {
		if _, twice := all[name]; twice {
			t.Errorf("Names has %q twice", name)
		}
		v, err := doc.Get(name)
		if err != nil {
			t.Errorf("Names has %q, but Get: %v", name, err)
		}
		if v.Kind() == format.Mapping {
			t.Errorf("Names has %q, which is a mapping", name)
		}
		all[name] = v.Reveal()
	}
	return all
}

// set sets a value and says whether the format can hold it.
func set(t *testing.T, doc format.Document, path, value string) bool {
	t.Helper()
	before := bytes.Clone(doc.Bytes())
	err := doc.Set(path, value)
	var refused *format.ValueError
	if errors.As(err, &refused) {
		if !bytes.Equal(before, doc.Bytes()) {
			t.Errorf("a refused value changed the text")
		}
		return false
	}
	if err != nil {
		t.Fatalf("Set(%q, %q): %v\n%q", path, value, err, before)
	}
	v, err := doc.Get(path)
	if err != nil || v.Reveal() != value || v.Kind() != format.String {
		t.Fatalf("Get after Set(%q, %q): %v %q, %v\n%s", path, value, v.Kind(), v.Reveal(), err, doc.Bytes())
	}
	return true
}

// same checks that a document has the values that are wanted, but for one name.
func same(t *testing.T, doc format.Document, want map[string]string, but string) {
	t.Helper()
	got := values(t, doc)
	for name, value := range want {
		if name != but && got[name] != value {
			t.Errorf("%q became %q, was %q\n%s", name, got[name], value, doc.Bytes())
		}
	}
	for name := range got {
		if _, known := want[name]; !known && name != but {
			t.Errorf("%q is new\n%s", name, doc.Bytes())
		}
	}
}

func testAdd(t *testing.T, f format.Format, text string) {
	want := values(t, parse(t, f, text))
	const name = "NEW_name"
	for _, value := range Values {
		doc := parse(t, f, text)
		if !set(t, doc, name, value) {
			continue
		}
		same(t, doc, want, name)
		same(t, parse(t, f, string(doc.Bytes())), values(t, doc), "")
		if err := doc.Unset(name); err != nil {
			t.Fatalf("Unset: %v", err)
		}
		if string(doc.Bytes()) != text {
			t.Fatalf("Unset after Set of %q gives\n%q, want\n%q", value, doc.Bytes(), text)
		}
	}
}

func testReplace(t *testing.T, f format.Format, text string) {
	doc := parse(t, f, text)
	want := values(t, doc)
	for i, name := range doc.Names() {
		doc := parse(t, f, text)
		if v, _ := doc.Get(name); v.Kind() == format.Sequence {
			var refused *format.PathError
			if err := doc.Set(name, "x"); !errors.As(err, &refused) || refused.Path != name {
				t.Errorf("Set of the list %q: %v, want a PathError", name, err)
			}
			if string(doc.Bytes()) != text {
				t.Errorf("a refused Set changed the text")
			}
			continue
		}
		// A part of the values, another one for each name: each in place of what
		// was there, and some on what the last one left.
		for j := range 16 {
			if j < 8 {
				doc = parse(t, f, text)
			}
			set(t, doc, name, Values[(i*16+j)%len(Values)])
			same(t, doc, want, name)
		}
	}
}

// testTogether checks that many changes at once lead to the values that they lead to one
// by one.
func testTogether(t *testing.T, f format.Format, text string) {
	one := parse(t, f, text)
	var all []format.Assignment
	for i, name := range append(one.Names(), "NEW_name", "other", "last") {
		a := format.Assignment{Path: name, Value: Values[7*i%len(Values)]}
		if one.Set(a.Path, a.Value) == nil { // else it is a list, or the format cannot hold it
			all = append(all, a)
		}
	}
	doc := parse(t, f, text)
	if err := format.SetAll(doc, all); err != nil {
		t.Fatalf("SetAll: %v\n%q", err, text)
	}
	want := values(t, one)
	same(t, doc, want, "")
	same(t, parse(t, f, string(doc.Bytes())), want, "")
}

func testRemove(t *testing.T, f format.Format, text string) {
	doc := parse(t, f, text)
	want := values(t, doc)
	names := doc.Names()
	for _, name := range names {
		doc := parse(t, f, text)
		unset(t, doc, name)
		same(t, doc, want, name)
		if slices.Contains(doc.Names(), name) {
			if v, _ := doc.Get(name); v.Reveal() == want[name] {
				t.Errorf("%q is there after Unset", name)
			}
		}
	}
	for _, name := range names { // all of them, one after the other
		unset(t, doc, name)
	}
	set(t, doc, "new", "value")
}

func unset(t *testing.T, doc format.Document, name string) {
	t.Helper()
	before := string(doc.Bytes())
	if err := doc.Unset(name); err != nil {
		t.Fatalf("Unset(%q): %v\n%q", name, err, before)
	}
}
