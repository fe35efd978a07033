package toml

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"
	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/formattest"
)

func Example() {
	doc, err := Format{}.Parse([]byte("# the database\ndb.password = \"old\" # rotated monthly\n\n[mail]\nport = 0x19\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = doc.Set("db.password", "new")
	_ = doc.Set("db.user", "app")
	_ = doc.Set("mail.host", "smtp.example.com")
	fmt.Println(doc.Names())
	fmt.Printf("%s", doc.Bytes())
	// Output:
	// [db.password db.user mail.port mail.host]
	// # the database
	// db.password = "new" # rotated monthly
	// db.user = "app"
	//
	// [mail]
	// port = 0x19
	// host = "smtp.example.com"
}

func TestConformance(t *testing.T) {
	formattest.Run(t, Format{},
		formattest.Sample{Name: "flat", Text: "# top\na = \"b\" # c\nd = 'e'\n\nn = 1_000\n# end\n"},
		formattest.Sample{Name: "no final newline", Text: "a = \"b\"\nc = 1.10"},
		formattest.Sample{Name: "comments", Text: "# nothing\n\n# here"},
		formattest.Sample{Name: "crlf", Text: "\ufeffa = \"b\"\r\nc = \"\"\"\r\nd\r\ne\"\"\"\r\n[f]\r\ng = '''h\r\ni'''\r\n"},
		formattest.Sample{Name: "tables", Text: "a = 1\n\n# about b\n[b]\nc = \"d\"\n  e = true\n\n[b.f]\ng = 2024-01-31\n\n[h]\n"},
		formattest.Sample{Name: "only tables", Text: "# about a\n[a]\nb = 1\n[c.d]\ne = 2"},
		formattest.Sample{Name: "dotted", Text: "db.user = \"u\"\nother = 1\ndb.password = \"p\" # c\ndb.pool.size = 5\n[x]\ny.z = 1\ny.w = 2\n"},
		formattest.Sample{Name: "inline", Text: "a = {b = 1, c.d = \"x\", e = {}, f = { g = [1, 2] } } # h\ni = {}\n"},
		formattest.Sample{Name: "arrays", Text: "a = [\n  1, # one\n  2,\n]\nb = []\n[[c]]\nd = 1\n[[c]]\nd = 2\n[[c.e]]\nf = 3\n"},
		formattest.Sample{Name: "quoted keys", Text: "\"a.b\" = 1\n'c d' = 2\n\"\" = 3\n[\"e.f\"]\n\"g\\u00e9\" = 4\n"},
		formattest.Sample{Name: "strings", Text: "a = \"\"\"\none\n  two \\\n   three\"\"\"\nb = '''\nx\ny'''\nc = 'C:\\new'\nd = \"\\t\\u00e9\\U0001F600\"\n"},
		formattest.Sample{Name: "types", Text: "a = 0xFF\nb = -0.0\nc = 1e3\nd = inf\ne = 1979-05-27T07:32:00Z\nf = 07:32:00\ng = 1979-05-27 07:32:00.5\nh = false\n"},
		formattest.Sample{Name: "spaces at the end", Text: "a = 1\n  "},
	)
}

func TestGet(t *testing.T) {
	doc, err := Format{}.Parse([]byte(`
"a.b" = "flat"
a.b = "dotted"
a.c = 1_000
lines = """
one
two"""
literal = '''
C:\x'''
esc = "\"\\\b\f\n\r\t\u00e9"
list = [1, {x = "y"}, # c
 2]
inline = {p = {q = 1.10}, "r.s" = true}

[t]
date = 1979-05-27T07:32:00Z
time = 07:32:00
u.v = inf
empty = {}

[t.w]
x = "deep"

[[items]]
n = 1
[[items]]
n = 2
o.p = 3
[super.sub]
k = 1
`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		kind format.Kind
		text string
	}{
		"a.b": {format.String, "flat"}, "a.c": {format.Int, "1_000"}, "lines": {format.String, "one\ntwo"}, "literal": {format.String, `C:\x`},
		"esc": {format.String, "\"\\\b\f\n\r\té"}, "list": {format.Sequence, "[1, {x = \"y\"}, # c\n 2]"}, "inline.p.q": {format.Float, "1.10"},
		"inline.r.s": {format.Bool, "true"}, "inline": {format.Mapping, `{p = {q = 1.10}, "r.s" = true}`}, "t.date": {format.Time, "1979-05-27T07:32:00Z"},
		"t.time": {format.Time, "07:32:00"}, "t.u.v": {format.Float, "inf"}, "t.w.x": {format.String, "deep"}, "t.w": {format.Mapping, `x = "deep"`},
		"t":     {format.Mapping, "date = 1979-05-27T07:32:00Z\ntime = 07:32:00\nu.v = inf\nempty = {}\nw.x = \"deep\""},
		"items": {format.Sequence, "[{n = 1}, {n = 2, o.p = 3}]"}, "super": {format.Mapping, "sub.k = 1"},
	} {
		v, err := doc.Get(path)
		if err != nil || v.Kind() != want.kind || v.Reveal() != want.text {
			t.Errorf("Get(%q) gives the %v %q, %v; want the %v %q", path, v.Kind(), v.Reveal(), err, want.kind, want.text)
		}
	}
	want := "a.b a.c lines literal esc list inline.p.q inline.r.s t.date t.time t.u.v t.w.x items super.sub.k"
	if got := strings.Join(doc.Names(), " "); got != want {
		t.Errorf("Names: %s, want %s", got, want)
	}
}

const pem = "-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n"

func TestSet(t *testing.T) {
	formattest.Changes(t, Format{}, []formattest.Change{
		{"empty document", "", "db.password", "x", "db.password = \"x\"\n"},
		{"comments", "# c\n", "a", "x", "# c\na = \"x\"\n"},
		{"replace", "a = \"b\" # c\n", "a", "x", "a = \"x\" # c\n"},
		{"literal", "a = 'b'\n", "a", `C:\x`, "a = 'C:\\x'\n"},
		{"literal that cannot be", "a = 'b'\n", "a", "it's", "a = \"it's\"\n"},
		{"number", "a = 1\n", "a", "2", "a = \"2\"\n"},
		{"lines", "a = 'b' # c\n", "a", pem, "a = \"\"\"\n-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n\"\"\" # c\n"},
		{"before tables", "a = 1\n\n# t\n[t]\nb = 2\n", "c", "x", "a = 1\nc = \"x\"\n\n# t\n[t]\nb = 2\n"},
		{"before the first table", "# top\n\n# t\n[t]\nb = 2\n", "c", "x", "# top\n\nc = \"x\"\n# t\n[t]\nb = 2\n"},
		{"in a table", "[t]\nb = 2\n\n[u]\n", "t.c", "x", "[t]\nb = 2\nc = \"x\"\n\n[u]\n"},
		{"in an empty table", "[t]\n[u]\n", "t.c", "x", "[t]\nc = \"x\"\n[u]\n"},
		{"in a dotted table", "a.b = 1\nc = 2\n", "a.d", "x", "a.b = 1\na.d = \"x\"\nc = 2\n"},
		{"in a dotted table of a table", "[t]\na.b = 1\nc = 2\n", "t.a.d", "x", "[t]\na.b = 1\na.d = \"x\"\nc = 2\n"},
		{"in a table that only deeper ones name", "z = 1\n[a.b]\nc = 2\n", "a.d", "x", "z = 1\na.d = \"x\"\n[a.b]\nc = 2\n"},
		{"in braces", "a = { b = 1 }\n", "a.c", "x", "a = { b = 1, c = \"x\" }\n"},
		{"in empty braces", "a = {}\n", "a.c", "l1\nl2", "a = {c = \"l1\\nl2\"}\n"},
		{"below a value", "a = 1\n", "a.b", "x", "a = 1\n\"a.b\" = \"x\"\n"},
		{"flat rest", "[a]\nb = 1\n", "a.b.c", "x", "[a]\nb = 1\n\"b.c\" = \"x\"\n"},
		{"strange name", "a = 1\n", "b c..d", "x", "a = 1\n\"b c..d\" = \"x\"\n"},
		{"no final newline", "a = 1", "b", "x", "a = 1\nb = \"x\""},
		{"indented", "[a]\n  b = 1\n", "a.c", "x", "[a]\n  b = 1\n  c = \"x\"\n"},
	})
	for _, tt := range []struct{ text, path, msg string }{
		{"[a]\nb = 1\n", "a", msgTable}, {"a = {}\n", "a", msgTable}, {"a = []\n", "a", msgArray}, {"[[a]]\n", "a", msgArray}, {"", "\xff", "a name is text in UTF-8"},
	} {
		doc, err := Format{}.Parse([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		var refused *format.PathError
		if err := doc.Set(tt.path, "x"); !errors.As(err, &refused) || refused.Msg != tt.msg || string(doc.Bytes()) != tt.text {
			t.Errorf("Set in %q gives %v, want %s", tt.text, err, tt.msg)
		}
	}
}

func TestUnset(t *testing.T) {
	for _, tt := range []struct{ text, path, want string }{
		{"a = 1 # c\nb = 2\n", "a", "b = 2\n"},
		{"a = \"\"\"\nx\ny\"\"\" # c\nb = 2\n", "a", "b = 2\n"},
		{"a = 1\nb = 2", "b", "a = 1"},
		{"[t]\na = 1\n", "t.a", "[t]\n"},
		{"[t]\na = 1\nb.c = 2\n[u]\nd = 1\n[t.v]\ne = 1\n", "t", "[u]\nd = 1\n"},
		{"a.b = 1\nc = 2\na.d = 3\n", "a", "c = 2\n"},
		{"[[a]]\nb = 1\n[c]\n[[a]]\nb = 2\n", "a", "[c]\n"},
		{"a = {b = 1, c = 2}\n", "a.b", "a = {c = 2}\n"},
		{"a = {b = 1, c = 2}\n", "a.c", "a = {b = 1}\n"},
		{"a = {b = 1}\n", "a.b", "a = {}\n"},
		{"a = {b.c = 1, d = 2, b.e = 3}\n", "a.b", "a = {d = 2}\n"},
		{"a = {b = {c = 1, d = 2}}\n", "a.b.c", "a = {b = {d = 2}}\n"},
	} {
		doc, err := Format{}.Parse([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.Unset(tt.path); err != nil || string(doc.Bytes()) != tt.want {
			t.Errorf("Unset(%q) of %q: %v, gives %q, want %q", tt.path, tt.text, err, doc.Bytes(), tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	formattest.Refused(t, Format{}, []formattest.Refusal{
		{"no quotes", "a = hunter2\n", 1, 5},
		{"no value", "a = \n", 1, 5},
		{"no equals sign", "hunter2\n", 1, 8},
		{"yaml", "a: hunter2\n", 1, 2},
		{"open quote", "a = 1\nb = \"hunter2\n", 2, 0},
		{"open lines", "a = \"\"\"hunter2\n", 0, 0},
		{"bad escape", "a = \"hunter2\\q\"\n", 1, 0},
		{"text behind a value", "a = \"é\" hunter2\n", 1, 9},
		{"duplicate key", "hunter2 = 1\nb = 2\nhunter2 = 3\n", 3, 1},
		{"duplicate dotted key", "a.b = 1\na.b = 2\n", 2, 0},
		{"duplicate key in braces", "a = {b = 1, b = 2}\n", 1, 0},
		{"table twice", "[hunter2]\n[b]\n[hunter2]\n", 3, 0},
		{"table and key", "a = 1\n[a]\n", 2, 0},
		{"key below a value", "a = 1\na.b = 2\n", 2, 0},
		{"key below braces", "a = {b = 1}\na.c = 2\n", 2, 0},
		{"table below braces", "a = {b = 1}\n[a.c]\n", 2, 0},
		{"array and table", "[a]\n[[a]]\n", 2, 0},
		{"leading zero", "a = 0123\n", 1, 5},
		{"large number", "a = 99999999999999999999\n", 1, 5},
		{"impossible date", "a = 2023-02-31\n", 1, 0},
		{"open bracket", "a = [1, 2\n", 0, 0},
		{"open header", "[hunter2\n", 1, 0},
		{"control character", "a = \"x\x01\"\n", 1, 7},
		{"not UTF-8", "é = 1\n", 1, 1},
		{"invalid UTF-8", "a = \"é\xff\"\n", 1, 7},
		{"carriage return", "a = 1\rb = 2\n", 1, 6},
		{"deep array", "a = " + strings.Repeat("[", 101) + strings.Repeat("]", 101) + "\n", 1, 5},
		{"deep braces", "a = " + strings.Repeat("{b = ", 101) + "1" + strings.Repeat("}", 101) + "\n", 1, 0},
		{"deep key", strings.Repeat("a.", 100_000) + "a = 1\n", 1, 1},
		{"deep header", "[" + strings.Repeat("a.", 100_000) + "a]\n", 1, 2},
		{"too many keys", strings.Repeat("x.y = 1\n", 50_001), 50_001, 1},
		{"too many keys in an array", "a = [{" + strings.Repeat("x = 1, ", 50_001) + "x = 1}]\n", 1, 0},
		{"too many headers", strings.Repeat("[[x]]\n", 50_001), 50_001, 3},
		{"too many values", "a = [" + strings.Repeat("1,", 600_001) + "1]", 1, 0},
		{"very deep array", "a = " + strings.Repeat("[", 100_000), 1, 0},
	})
}

// genText draws a document, mostly a valid one.
func genText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		pick := func(all ...string) string { return rapid.SampledFrom(all).Draw(t, "pick") }
		key := func() string {
			return pick("a", "b", "c", "d", "a.b", "a.c", "b.a.c", "'d.e'", `"é"`, `""`, "f . g")
		}
		var value func(depth int) string
		value = func(depth int) string {
			if depth > 0 && rapid.IntRange(0, 3).Draw(t, "nested") == 0 {
				var pairs []string
				for range rapid.IntRange(0, 3).Draw(t, "pairs") {
					pairs = append(pairs, key()+pick("=", " = ")+value(depth-1))
				}
				return "{" + pick("", " ") + strings.Join(pairs, pick(",", ", ", " , ")) + pick("", " ") + "}"
			}
			return pick(`"x"`, "'y'", `"\n"`, "1_0", "-1.5e3", "true", "2024-01-31", "07:32:00", "[]", "[1,\n 2]", `[{a = 1}, "b"]`, "\"\"\"\none\ntwo\"\"\"", "'''l'''")
		}
		var b strings.Builder
		for range rapid.IntRange(0, 7).Draw(t, "lines") {
			switch rapid.IntRange(0, 9).Draw(t, "line") {
			case 0:
				b.WriteString(pick("# c\n", "\n", "  # d\n"))
			case 1, 2:
				b.WriteString(pick("", "  ") + "[" + pick("a", "t", "u", "t.u", "a.b", "'d.e'", "x.y.z") + "]" + pick("", " # c") + "\n")
			case 3:
				b.WriteString("[[" + pick("r", "s", "t.r") + "]]\n")
			default:
				b.WriteString(pick("", "", "  ") + key() + " = " + value(2) + pick("", "", " # c") + "\n")
			}
		}
		text := b.String()
		if rapid.IntRange(0, 3).Draw(t, "crlf") == 0 {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		if rapid.IntRange(0, 3).Draw(t, "final") == 0 {
			text = strings.TrimRight(text, "\r\n")
		}
		return text
	})
}

// agree checks that go-toml reads a document in the same way.
func agree(t interface {
	Helper()
	Fatalf(string, ...any)
}, doc format.Document) {
	t.Helper()
	text := strings.TrimPrefix(string(doc.Bytes()), "\ufeff")
	var std map[string]any
	if err := toml.Unmarshal([]byte(text), &std); err != nil {
		t.Fatalf("go-toml: %v\n%q", err, text)
	}
	var walk func(in *table, std map[string]any)
	walk = func(in *table, std map[string]any) {
		if len(in.names) != len(std) {
			t.Fatalf("%d names, go-toml has %d\n%q", len(in.names), len(std), text)
		}
		for name, e := range in.names {
			got, ok := std[name]
			if !ok {
				t.Fatalf("go-toml does not have %q\n%q", name, text)
			}
			switch sub := got.(type) {
			case map[string]any:
				if e.value.table == nil {
					t.Fatalf("%q is a table\n%q", name, text)
				}
				walk(e.value.table, sub)
			case string:
				if e.value.kind != format.String || e.value.text != strings.ReplaceAll(sub, "\r\n", "\n") && e.value.text != sub {
					t.Fatalf("%q is %q, in go-toml %q\n%q", name, e.value.text, sub, text)
				}
			}
		}
	}
	walk(doc.(*document).tree.root, std)
}

func TestEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genText().Draw(t, "document")
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			return
		}
		agree(t, doc)
		checkRendered(t, doc)
		path := rapid.SampledFrom([]string{"new", "a", "a.b", "a.new", "a.b.new", "t.new", "t.u.new", "x.new", "x.y.new", "b.a", "d.e", "d.e.new", "", "a.", "f.g", "f.new", "é", "r.new"}).Draw(t, "path")
		if names := doc.Names(); len(names) > 0 && rapid.Bool().Draw(t, "known") {
			path = rapid.SampledFrom(names).Draw(t, "name")
		}
		_, getErr := doc.Get(path)
		value := rapid.OneOf(rapid.String(), rapid.SampledFrom(formattest.Values)).Draw(t, "value")
		var refused *format.PathError
		if err := doc.Set(path, value); errors.As(err, &refused) && refused.Msg != msgOther {
			return
		} else if err != nil {
			t.Fatalf("Set(%q): %v\n%q", path, err, text)
		}
		agree(t, doc)
		if v, err := doc.Get(path); err != nil || v.Reveal() != value {
			t.Fatalf("Get after Set(%q, %q): %q %v\n%q", path, value, v.Reveal(), err, doc.Bytes())
		}
		wrote := string(doc.Bytes())
		if err := doc.Unset(path); err != nil {
			t.Fatalf("Unset(%q): %v\n%q", path, err, wrote)
		}
		agree(t, doc)
		if getErr != nil && string(doc.Bytes()) != text {
			t.Fatalf("Unset after Set(%q) of\n%q gives\n%q, want\n%q", path, wrote, doc.Bytes(), text)
		}
	})
}

// checkRendered: the text of every table reads back as the table.
func checkRendered(t *rapid.T, doc format.Document) {
	d := doc.(*document)
	for name, e := range d.tree.root.names {
		text := d.textOf(e.value)
		var got, want map[string]any
		if e.value.table != nil && e.value.start < 0 {
			if err := toml.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%v\n%q\nof\n%q", err, text, d.text)
			}
			_ = toml.Unmarshal(d.text, &want)
			if sub, _ := want[name].(map[string]any); !reflect.DeepEqual(got, sub) && len(got)+len(sub) > 0 {
				t.Fatalf("%q\nmeans %v, want %v\nof\n%q", text, got, sub, d.text)
			}
			continue
		}
		if err := toml.Unmarshal([]byte("v = "+d.source(e.value)), &got); err != nil {
			t.Fatalf("%v\n%q\nof\n%q", err, text, d.text)
		}
		_ = toml.Unmarshal(d.text, &want)
		if !reflect.DeepEqual(got["v"], want[name]) {
			t.Fatalf("%q\nmeans %v, want %v", text, got["v"], want[name])
		}
	}
}

func FuzzParse(f *testing.F) {
	for i := range 40 {
		f.Add(genText().Example(i))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if doc := formattest.Parsed(t, Format{}, text); doc != nil {
			agree(t, doc)
		}
	})
}

func FuzzSet(f *testing.F) {
	for i := range 40 {
		f.Add(genText().Example(i), "a.b", "x")
	}
	f.Fuzz(func(t *testing.T, text, path, value string) {
		if doc := formattest.Changed(t, Format{}, text, path, value); doc != nil {
			agree(t, doc)
		}
	})
}

func TestLargeDocuments(t *testing.T) {
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "section%d.key%d = \"value\"\n", i%100, i)
	}
	start := time.Now()
	doc, err := Format{}.Parse([]byte(b.String()))
	if err != nil || len(doc.Names()) != 10_000 {
		t.Fatalf("%v", err)
	}
	var syntax *format.SyntaxError
	if _, err := (Format{}).Parse([]byte(b.String() + "x")); !errors.As(err, &syntax) || syntax.Line != 10_001 {
		t.Errorf("%.300v", err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

// TestPythonReadsEdits: what Set writes is read by Python's tomllib as the same
// texts.
func TestPythonReadsEdits(t *testing.T) {
	if os.Getenv("FLASK_VAULT_INTEROP") != "1" {
		t.Skip("set FLASK_VAULT_INTEROP=1 to compare with Python's tomllib")
	}
	python := os.Getenv("FLASK_VAULT_PYTHON")
	if python == "" {
		python = "/usr/bin/python3"
	}
	var docs []format.Document
	texts, values := genText(), rapid.OneOf(rapid.String(), rapid.SampledFrom(formattest.Values))
	for i := range 5_000 {
		doc, err := Format{}.Parse([]byte(texts.Example(i)))
		if err != nil {
			continue
		}
		for j, path := range []string{"new", "a.b", "t.u.new", "a.b.new"} {
			_ = doc.Set(path, values.Example(4*i+j)) // a refused one changes nothing
		}
		docs = append(docs, doc)
	}
	const script = `
import base64, json, sys, tomllib
def canon(v):
    if isinstance(v, dict):
        return {k: canon(x) for k, x in v.items()}
    return v if isinstance(v, str) else None
for line in sys.stdin:
    try:
        print(json.dumps(canon(tomllib.loads(base64.b64decode(line).decode("utf-8").removeprefix("\ufeff")))))
    except tomllib.TOMLDecodeError as e:
        print(json.dumps(str(e)))
`
	var in, out, stderr bytes.Buffer
	for _, doc := range docs {
		in.WriteString(base64.StdEncoding.EncodeToString(doc.Bytes()) + "\n")
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("FLASK_VAULT_INTEROP=1, but %s with tomllib does not run: %v\n%s", python, err, stderr.Bytes())
	}
	dec := json.NewDecoder(&out)
	for _, doc := range docs {
		var got any
		if err := dec.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if want := textsOf(doc.(*document).tree.root); !reflect.DeepEqual(got, want) {
			t.Errorf("tomllib reads %v, want %v\n%q", got, want, doc.Bytes())
		}
	}
	t.Logf("%d documents", len(docs))
}

// textsOf is a table with its strings; every other value is nil.
func textsOf(t *table) any {
	all := map[string]any{}
	for name, e := range t.names {
		switch {
		case e.value.table != nil:
			all[name] = textsOf(e.value.table)
		case e.value.kind == format.String:
			all[name] = e.value.text
		default:
			all[name] = nil
		}
	}
	return all
}
