package json

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/formattest"
)

func Example() {
	doc, err := Format{}.Parse([]byte("{\n  \"db.password\": \"old\",\n  \"mail\": {\"port\": 1.10}\n}\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = doc.Set("db.password", "new")
	_ = doc.Set("mail.host", "smtp.example.com")
	fmt.Println(doc.Names())
	fmt.Printf("%s", doc.Bytes())
	// Output:
	// [db.password mail.port mail.host]
	// {
	//   "db.password": "new",
	//   "mail": {"port": 1.10, "host": "smtp.example.com"}
	// }
}

func TestConformance(t *testing.T) {
	formattest.Run(t, Format{},
		formattest.Sample{Name: "empty object", Text: "{}"},
		formattest.Sample{Name: "template", Text: "{\n}\n"},
		formattest.Sample{Name: "a line", Text: `{"a":"b","c":1,"d":[1,2],"e":{"f":null,"g":true}}`},
		formattest.Sample{Name: "a spaced line", Text: "{ \"a\" : \"b\" , \"c\" : -1.5e+3 }\n"},
		formattest.Sample{Name: "lines", Text: "{\n\t\"a\": \"b\",\n\t\"c\": {\n\t\t\"d\": \"e\\u00e9\\n\"\n\t},\n\t\"f\": {}\n}\n"},
		formattest.Sample{Name: "crlf", Text: "\ufeff{\r\n  \"a\": \"b\",\r\n  \"c\": \"d\"\r\n}"},
		formattest.Sample{Name: "bracket on the last line", Text: "{\"a\": 1,\n \"b\": 2}"},
		formattest.Sample{Name: "colon on its own line", Text: "{\"a\"\n:\n1\n,\n\"b\"\n:\n2\n}"},
		formattest.Sample{Name: "duplicates", Text: `{"a": 1, "b": 2, "a": 3, "c": {"d": 1, "d": 2}}`},
		formattest.Sample{Name: "only duplicates", Text: "{\n \"a\": 1,\n \"a\": 2\n}\n"},
		formattest.Sample{Name: "trailing duplicates", Text: `{"z": 0, "a": 1, "a": 2}`},
		formattest.Sample{Name: "strange names", Text: `{"a.b": 1, "": 2, "c d": {"e.f": 3}, "\u00e9\"": 4}`},
	)
}

func TestGet(t *testing.T) {
	doc, err := Format{}.Parse([]byte(`{"a.b": "flat", "a": {"b": "nested", "c": 1.10, "d": {"e": [1, {"x": 2}]}},
		"big": 123456789012345678901234567890, "neg": -0, "exp": 1E5, "t": true, "n": null,
		"esc": "\" \\ \/ \b\f\n\r\t \u00e9 \ud83d\ude00", "dup": 1, "dup": "two"}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		kind format.Kind
		text string
	}{
		"a.b": {format.String, "flat"}, "a.c": {format.Float, "1.10"}, "a.d.e": {format.Sequence, `[1, {"x": 2}]`},
		"a.d": {format.Mapping, `{"e": [1, {"x": 2}]}`}, "big": {format.Int, "123456789012345678901234567890"},
		"neg": {format.Int, "-0"}, "exp": {format.Float, "1E5"}, "t": {format.Bool, "true"}, "n": {format.Null, ""},
		"esc": {format.String, "\" \\ / \b\f\n\r\t é 😀"}, "dup": {format.String, "two"},
	} {
		v, err := doc.Get(path)
		if err != nil || v.Kind() != want.kind || v.Reveal() != want.text {
			t.Errorf("Get(%q) gives the %v %q, %v; want the %v %q", path, v.Kind(), v.Reveal(), err, want.kind, want.text)
		}
	}
	if got := strings.Join(doc.Names(), " "); got != "a.b a.c a.d.e big neg exp t esc dup" {
		t.Errorf("Names: %s", got)
	}
}

func TestSetAndUnset(t *testing.T) {
	formattest.Changes(t, Format{}, []formattest.Change{
		{"template", "{\n}\n", "db.password", "x", "{\n  \"db.password\": \"x\"\n}\n"},
		{"empty text", "", "a", "x", "{\n  \"a\": \"x\"\n}\n"},
		{"number", "{\"a\": 1}", "a", "2", "{\"a\": \"2\"}"},
		{"compact", `{"a":1}`, "b", "x", `{"a":1,"b":"x"}`},
		{"indented by tabs", "{\n\t\"a\": 1\n}", "b", "x", "{\n\t\"a\": 1,\n\t\"b\": \"x\"\n}"},
		{"nested", "{\n    \"a\": {\n        \"b\": 1\n    }\n}", "a.c", "x", "{\n    \"a\": {\n        \"b\": 1,\n        \"c\": \"x\"\n    }\n}"},
		{"nested empty lines", "{\n    \"a\": {\n    }\n}", "a.c", "x", "{\n    \"a\": {\n        \"c\": \"x\"\n    }\n}"},
		{"flat rest", `{"a": {"b": 1}}`, "a.b.c", "x", `{"a": {"b": 1, "b.c": "x"}}`},
		{"escapes", `{"a": 1}`, "a", "\"\\\n\t\x00\u2028é😀", `{"a": "\"\\\n\t\u0000\u2028é😀"}`},
	})
	doc, _ := Format{}.Parse([]byte("{\n  \"a\": 1,\n  \"b\": {\"c\": 1},\n  \"d\": 2\n}\n"))
	for _, step := range []struct{ path, want string }{
		{"b", "{\n  \"a\": 1,\n  \"d\": 2\n}\n"}, {"d", "{\n  \"a\": 1\n}\n"}, {"a", "{\n}\n"},
	} {
		if err := doc.Unset(step.path); err != nil || string(doc.Bytes()) != step.want {
			t.Errorf("Unset(%q): %v, gives\n%s", step.path, err, doc.Bytes())
		}
	}
}

func TestRefused(t *testing.T) {
	formattest.Refused(t, Format{}, []formattest.Refusal{
		{"bare word", `{"a": hunter2}`, 1, 7},
		{"single quotes", `{'hunter2': 1}`, 1, 2},
		{"trailing comma", "{\"a\": 1,\n}", 2, 1},
		{"trailing comma in a list", "[1,]", 1, 4},
		{"missing comma", "{\"a\": 1 \"hunter2\": 2}", 1, 9},
		{"missing colon", `{"hunter2" 1}`, 1, 12},
		{"unclosed object", `{"hunter2": 1`, 1, 14},
		{"unclosed list", `["hunter2"`, 1, 11},
		{"unclosed quote", "{\"a\": \"hunter2}\n", 1, 16},
		{"never closed", `{"a": "hunter2`, 1, 7},
		{"bad escape", `{"a": "hunter2\q"}`, 1, 15},
		{"short escape", `{"a": "hunter2\u12"}`, 1, 15},
		{"half a pair", `{"a": "hunter2\ud83d"}`, 1, 15},
		{"two low halves", `{"a": "\ude00\ude00"}`, 1, 8},
		{"tab in quotes", "{\"a\": \"hunter2\t\"}", 1, 15},
		{"leading zero", `{"a": 0123}`, 1, 8},
		{"no fraction", `{"a": 1.}`, 1, 9},
		{"no exponent", `{"a": 1e}`, 1, 9},
		{"plus", `{"a": +1}`, 1, 7},
		{"NaN", `{"a": NaN}`, 1, 7},
		{"two values", "{}\n{}", 2, 1},
		{"comment", "{ // hunter2\n}", 1, 3},
		{"not UTF-8", "{\"é\": \"\xff\"}", 1, 8},
		{"too deep", strings.Repeat("[", 101), 1, 101},
		{"too many values", "[" + strings.Repeat("1,", 400_001) + "1]", 1, 800_000},
		{"value missing", `{"a": }`, 1, 7},
		{"value missing at the end", "{\"a\":\n", 2, 1},
	})
}

func TestRefusedEdits(t *testing.T) {
	for _, tt := range []struct{ text, path, msg string }{
		{`{"a": {}}`, "a", msgMapping}, {`{"a": []}`, "a", msgList}, {`[1]`, "a", msgNoObject}, {`"x"`, "a", msgNoObject}, {`{}`, "\xff", "a name is text in UTF-8"},
	} {
		doc, err := Format{}.Parse([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		var refused *format.PathError
		if err := doc.Set(tt.path, "x"); !errors.As(err, &refused) || refused.Msg != tt.msg || string(doc.Bytes()) != tt.text {
			t.Errorf("Set in %s gives %v, want %s", tt.text, err, tt.msg)
		}
	}
	doc, _ := Format{}.Parse([]byte(`[1]`))
	var missing *format.NotFoundError
	if _, err := doc.Get("a"); !errors.As(err, &missing) || missing.Hint != msgNoObject {
		t.Errorf("Get gives %v", err)
	}
}

// genJSON draws a document with random white space.
func genJSON() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		space := func() string { return rapid.SampledFrom([]string{"", " ", "\n", "\r\n  ", "\t"}).Draw(t, "space") }
		var value func(depth int) string
		object := func(depth int) string {
			var pairs []string
			for range rapid.IntRange(0, 4).Draw(t, "members") {
				name := rapid.SampledFrom([]string{`"a"`, `"b"`, `"a.b"`, `"c"`, `""`, `"\u0061"`}).Draw(t, "name")
				pairs = append(pairs, space()+name+space()+":"+space()+value(depth-1)+space())
			}
			return "{" + space() + strings.Join(pairs, ",") + "}"
		}
		value = func(depth int) string {
			if depth > 0 && rapid.Bool().Draw(t, "nested") {
				return object(depth)
			}
			return rapid.SampledFrom([]string{`"x"`, `"\n"`, "1", "-1.5E+3", "true", "null", "[]", `[1, "a", {"b": null}]`, "{}"}).Draw(t, "value")
		}
		return space() + object(3) + space()
	})
}

func TestEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genJSON().Draw(t, "document")
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%v\n%q", err, text)
		}
		path := rapid.SampledFrom([]string{"new", "a", "a.b", "a.new", "a.b.c.d", "c.a", "", "a."}).Draw(t, "path")
		_, getErr := doc.Get(path)
		value := rapid.OneOf(rapid.String(), rapid.SampledFrom(formattest.Values)).Draw(t, "value")
		var refused *format.PathError
		if err := doc.Set(path, value); errors.As(err, &refused) && refused.Msg != msgOther {
			return
		} else if err != nil {
			t.Fatalf("Set(%q): %v\n%q", path, err, text)
		}
		var std any
		if err := stdjson.Unmarshal(doc.Bytes(), &std); err != nil {
			t.Fatalf("encoding/json: %v\n%q", err, doc.Bytes())
		}
		if v, err := doc.Get(path); err != nil || v.Reveal() != value {
			t.Fatalf("Get after Set(%q, %q): %v", path, value, err)
		}
		if err := doc.Unset(path); err != nil {
			t.Fatalf("Unset(%q): %v\n%q", path, err, doc.Bytes())
		}
		if getErr != nil && string(doc.Bytes()) != text {
			t.Fatalf("Unset after Set(%q) gives\n%q, want\n%q", path, doc.Bytes(), text)
		}
	})
}

// agree checks that encoding/json reads a document in the same way.
func agree(t *testing.T, text string) {
	t.Helper()
	root, err := parse([]byte(text))
	std, stdErr := decode(strings.TrimPrefix(text, "\ufeff"))
	if err != nil || root == nil {
		return // stricter here: UTF-8, surrogates, depth
	}
	if stdErr != nil {
		t.Fatalf("accepted here, encoding/json: %v\n%q", stdErr, text)
	}
	if got := plain(newDocument([]byte(text), root), root); !reflect.DeepEqual(got, std) {
		t.Fatalf("read as %v, by encoding/json as %v", got, std)
	}
}

// plain turns a node into what encoding/json makes of it.
func plain(d *document, n *node) any {
	switch n.kind {
	case format.Mapping:
		all := map[string]any{}
		for _, m := range n.members {
			all[m.name] = plain(d, m.value)
		}
		return all
	case format.String:
		return n.text
	case format.Null:
		return nil
	}
	v, _ := decode(string(d.text[n.start:n.end]))
	return v
}

// decode reads a text with encoding/json.
func decode(text string) (v any, err error) {
	if !stdjson.Valid([]byte(text)) {
		return nil, errors.New("not valid")
	}
	dec := stdjson.NewDecoder(strings.NewReader(text))
	dec.UseNumber() // which has no limits
	err = dec.Decode(&v)
	return v, err
}

func FuzzParse(f *testing.F) {
	for i := range 20 {
		f.Add(genJSON().Example(i))
	}
	if text, err := os.ReadFile("../../backend/testdata/flask-vault/vaults/flow-json-k16/plaintext.yml"); err == nil {
		f.Add(string(text))
	}
	f.Add(`{"a": "\ud83d\ude00\u0000", "b": [1e5, -0.1]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if doc := formattest.Parsed(t, Format{}, text); doc != nil {
			agree(t, text)
		}
	})
}

func FuzzSet(f *testing.F) {
	for i := range 20 {
		f.Add(genJSON().Example(i), "a.b", "x")
	}
	f.Fuzz(func(t *testing.T, text, path, value string) {
		if doc := formattest.Changed(t, Format{}, text, path, value); doc != nil {
			agree(t, string(doc.Bytes()))
		}
	})
}

func TestLargeDocuments(t *testing.T) {
	var b strings.Builder
	b.WriteString("{")
	for i := range 40_000 {
		fmt.Fprintf(&b, "\"section%d.key%d\": \"value\", ", i%100, i)
	}
	start := time.Now()
	doc, err := Format{}.Parse([]byte(b.String() + `"last": 1}`))
	if err != nil || len(doc.Names()) != 40_001 {
		t.Fatalf("%v", err)
	}
	var syntax *format.SyntaxError
	if _, err := (Format{}).Parse([]byte(b.String() + "x}")); !errors.As(err, &syntax) || len(err.Error()) > 200 {
		t.Errorf("%.300v", err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`{"db.password": "` + strings.Repeat("x", 100) + `", "n": [1, 2, 3], "o": {"p": true}}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := (Format{}).Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
