package yaml

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/formattest"
)

const pem = "-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n"

func TestSet(t *testing.T) {
	formattest.Changes(t, Format{}, []formattest.Change{
		{"empty document", "", "db.password", "x", "db.password: x\n"},
		{"comments only", "# secrets\n", "a", "x", "# secrets\na: x\n"},
		{"start line", "---\n# c\n", "a", "x", "---\n# c\na: x\n"},
		{"end line", "---\n...\n", "a", "x", "---\na: x\n...\n"},
		{"plain", "a: old # c\nb: 1\n", "a", "new", "a: new # c\nb: 1\n"},
		{"keeps single quotes", "a: 'old' # c\n", "a", "it's", "a: 'it''s' # c\n"},
		{"keeps double quotes", "a: \"old\"\n", "a", "new", "a: \"new\"\n"},
		{"needs quotes", "a: old\n", "a", "0123", "a: \"0123\"\n"},
		{"bool word", "a: old\n", "a", "yes", "a: \"yes\"\n"},
		{"null", "a:\nb: ~ # c\n", "a", "x", "a: x\nb: ~ # c\n"},
		{"null with comment", "a: # todo\n", "a", "x", "a: x # todo\n"},
		{"null word", "a: ~ # c\n", "a", "x", "a: x # c\n"},
		{"empty text", "a: x\n", "a", "", "a: \"\"\n"},
		{"int", "port: 5432\n", "port", "5433", "port: \"5433\"\n"},
		{"tag", "a: !!int 5\n", "a", "x", "a: x\n"},
		{"block", "a: old # c\nb: x\n", "a", pem, "a: | # c\n  -----BEGIN KEY-----\n  MIIB\n  -----END KEY-----\nb: x\n"},
		{"block in place of a block", "a: |-\n  old\n  text\n\nb: x\n", "a", pem, "a: |\n  -----BEGIN KEY-----\n  MIIB\n  -----END KEY-----\n\nb: x\n"},
		{"plain in place of a block", "a: | # c\n  old\n  text\nb: x\n", "a", "new", "a: new # c\nb: x\n"},
		{"plain in place of folded lines", "a: old\n  text # c\nb: x\n", "a", "new", "a: new # c\nb: x\n"},
		{"block in nested mapping", "db:\n    key: old\n", "db.key", "a\nb", "db:\n    key: |-\n      a\n      b\n"},
		{"block with crlf", "a: b\r\nc: d\r\n", "a", "x\ny\n", "a: |\r\n  x\r\n  y\r\nc: d\r\n"},
		{"new block", "a: b\n", "key", pem, "a: b\nkey: |\n  -----BEGIN KEY-----\n  MIIB\n  -----END KEY-----\n"},
		{"new flat key", "a: b\n# end\n", "db.password", "x", "a: b\n# end\ndb.password: x\n"},
		{"new key in nested mapping", "db:\n  user: u\n\nz: y\n", "db.password", "x", "db:\n  user: u\n  password: x\n\nz: y\n"},
		{"longest prefix", "a:\n  b:\n    c: 1\n  d: 2\n", "a.b.x.y", "v", "a:\n  b:\n    c: 1\n    x.y: v\n  d: 2\n"},
		{"prefix is no mapping", "db: x\n", "db.user", "u", "db: x\ndb.user: u\n"},
		{"prefix is null", "db:\n", "db.user", "u", "db:\ndb.user: u\n"},
		{"flat before nested", "db.user: a\ndb: {user: b}\n", "db.user", "c", "db.user: c\ndb: {user: b}\n"},
		{"dotted key in nested mapping", "p: {db.url: a}\n", "p.db.url", "b", "p: {db.url: b}\n"},
		{"last duplicate", "a: 1\nb: x\na: 2\n", "a", "new", "a: 1\nb: x\na: new\n"},
		{"no final newline", "a: b", "c", "d", "a: b\nc: d"},
		{"flow", "m: {a: b, c: d}\n", "m.e", "f", "m: {a: b, c: d, e: f}\n"},
		{"flow value", "m: {a: b, c: d}\n", "m.a", "x, y", "m: {a: \"x, y\", c: d}\n"},
		{"empty flow", "m: {}\n", "m.a", "b", "m: {a: b}\n"},
		{"flow key without value", "m: {a, b: c}\n", "m.a", "x", "m: {a: x, b: c}\n"},
		{"json", "{\n  \"a\": 1\n}\n", "b.c", "x\ty", "{\n  \"a\": 1,\n  \"b.c\": \"x\\ty\"\n}\n"},
		{"json number", "{\"a\": 1}\n", "a", "2", "{\"a\": \"2\"}\n"},
		{"json inside of json", "{\"a\": {}}\n", "a.b", "c", "{\"a\": {\"b\": \"c\"}}\n"},
		{"alias", "a: &x 1\nb: *x # c\n", "b", "new", "a: &x 1\nb: new # c\n"},
		{"anchor", "a: &x 1\nb: *x\n", "a", "new", "a: &x new\nb: *x\n"},
		{"anchor with tag", "a: &x !!int 1\nb: *x\n", "a", "new", "a: &x new\nb: *x\n"},
		{"anchor on null", "a: &x\nb: *x\n", "a", "new", "a: &x new\nb: *x\n"},
		{"merged value", "d: &d {k: 1}\np:\n  <<: *d\n", "p.k", "2", "d: &d {k: 1}\np:\n  <<: *d\n  k: \"2\"\n"},
		{"below a merged mapping", "d: &d {m: {k: 1}}\np:\n  <<: *d\n", "p.m.n", "2", "d: &d {m: {k: 1}}\np:\n  <<: *d\n  m.n: \"2\"\n"},
		{"reserved key", "a: b\n", "yes", "x", "a: b\n\"yes\": x\n"},
		{"number key", "59: x\n", "59", "new", "59: x\n\"59\": new\n"},
		{"strange key", "a: b\n", "k: #\n", "x", "a: b\n\"k: #\\n\": x\n"},
		{"empty key", "a: b\n", "", "x", "a: b\n\"\": x\n"},
		{"block at the end without newline", "a: b\n# about c\nc: |\n  x\n  y", "d", "e", "a: b\nd: e\n# about c\nc: |\n  x\n  y"},
		{"value on its own line", "a:\n  old\nb: c\n", "a", "new", "a:\n  new\nb: c\n"},
	})
}

func TestUnset(t *testing.T) {
	tests := []struct{ name, text, path, want string }{
		{"line and its comment", "a: b # c\nd: e\n", "a", "d: e\n"},
		{"comment above stays", "# about a\na: b\n", "a", "# about a\n"},
		{"block", "a: |\n  x\n  y\nd: e\n", "a", "d: e\n"},
		{"nested", "db:\n  a: b\n  c: d\n", "db.a", "db:\n  c: d\n"},
		{"last nested", "db: # main\n  a: b\nz: y\n", "db.a", "db: {} # main\nz: y\n"},
		{"last nested with anchor", "db: &x\n  a: b\nz: *x\n", "db.a", "db: &x {}\nz: *x\n"},
		{"mapping", "db:\n  a: b\n  c: d\nz: y\n", "db", "z: y\n"},
		{"list", "l:\n- a\n- b\nz: y\n", "l", "z: y\n"},
		{"flow first", "{a: b, c: d}\n", "a", "{c: d}\n"},
		{"flow last", "{a: b, c: d}\n", "c", "{a: b}\n"},
		{"flow only", "m: {a: b}\n", "m.a", "m: {}\n"},
		{"json line", "{\n  \"a\": 1,\n  \"b\": 2\n}\n", "b", "{\n  \"a\": 1\n}\n"},
		{"duplicates", "a: 1\nb: 2\na: 3\n", "a", "b: 2\n"},
		{"own value over a merged one", "d: &d {k: 1}\np: {<<: *d, k: 2}\n", "p.k", "d: &d {k: 1}\np: {<<: *d}\n"},
		{"no final newline", "a: b\nc: d", "c", "a: b"},
		{"newline that a value needs", "a: |\n  x\nc: d", "c", "a: |\n  x\n"},
		{"lines that a value would keep", "a: |+\n  x\nc: d\n\ne: f\n", "c", "a: |+\n  x\ne: f\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := Format{}.Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if err := doc.Unset(tt.path); err != nil {
				t.Fatal(err)
			}
			if got := string(doc.Bytes()); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestRefusedEdits(t *testing.T) {
	tests := []struct{ name, text, path, msg string }{
		{"mapping", "a: {b: c}\n", "a", msgMapping},
		{"list", "a: [b]\n", "a", msgList},
		{"alias of a mapping", "d: &d {k: 1}\np: *d\n", "p", msgMapping},
		{"below an alias", "d: &d {k: 1}\np: *d\n", "p.k", msgAlias},
		{"new key below an alias", "d: &d {k: 1}\np: *d\n", "p.n", msgAlias},
		{"top-level list", "- a\n", "a", msgNoTop},
		{"top-level text", "a\n", "a", msgNoTop},
		{"long name", "a: b\n", strings.Repeat("x", 1001), msgLong},
		{"name that is not text", "a: b\n", "\xff", "a name is text in UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := Format{}.Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var refused *format.PathError
			if err := doc.Set(tt.path, "x"); !errors.As(err, &refused) || refused.Msg != tt.msg {
				t.Errorf("Set gives %v, want %s", err, tt.msg)
			}
			if string(doc.Bytes()) != tt.text {
				t.Errorf("the text became %q", doc.Bytes())
			}
		})
	}
	doc, err := Format{}.Parse([]byte("d: &d {k: &k 1}\np: {<<: *d}\nq: *d\nr: *k\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, msg := range map[string]string{"p.k": msgMerged, "q.k": msgAlias, "d": msgNeeded, "d.k": msgNeeded} {
		var refused *format.PathError
		if err := doc.Unset(path); !errors.As(err, &refused) || refused.Msg != msg {
			t.Errorf("Unset(%q) gives %v, want %s", path, err, msg)
		}
	}
	var value *format.ValueError
	if err := doc.Set("x", "\xff"); !errors.As(err, &value) {
		t.Errorf("Set of bytes gives %v, want a ValueError", err)
	}
}

// TestEditVaults sets and removes every value of the vectors. Every line that
// the value does not stand on stays.
func TestEditVaults(t *testing.T) {
	for _, dir := range vectorDirs(t, "vaults") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, _ := readVector(t, dir)
			doc, err := Format{}.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if topKind(doc) == format.Sequence || topKind(doc) == format.String {
				return
			}
			checkAdd(t, text, "new.key", "new value")
			names := doc.Names()
			if len(names) > 60 {
				names = append(names[:30:30], names[len(names)-30:]...)
			}
			for i, name := range names {
				doc, _ := Format{}.Parse(text)
				before, _ := doc.Get(name)
				value := []string{"x", "it's", pem, "0123", "é\t"}[i%5]
				err := doc.Set(name, value)
				var refused *format.PathError
				if errors.As(err, &refused) && (refused.Msg == msgAlias || before.Kind() == format.Sequence) {
					continue
				}
				if err != nil {
					t.Errorf("Set(%q): %v", name, err)
					continue
				}
				if v, err := doc.Get(name); err != nil || v.Reveal() != value || v.Kind() != format.String {
					t.Errorf("Get(%q) after Set: %v", name, err)
				}
				checkLines(t, text, doc.Bytes())
				doc, _ = Format{}.Parse(text)
				if err := doc.Unset(name); err != nil && !errors.As(err, &refused) {
					t.Errorf("Unset(%q): %v", name, err)
				}
				checkLines(t, text, doc.Bytes())
			}
		})
	}
}

func topKind(doc format.Document) format.Kind {
	if root := treeOf(doc); root != nil {
		return kindOf(root)
	}
	return format.Null
}

// fataler is what *testing.T and *rapid.T have in common.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// checkAdd adds a value and removes it again.
func checkAdd(t fataler, text []byte, name, value string) {
	t.Helper()
	doc, err := Format{}.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Set(name, value); err != nil {
		t.Fatalf("Set(%q): %v\n%s", name, err, text)
	}
	if v, err := doc.Get(name); err != nil || v.Reveal() != value {
		t.Fatalf("Get(%q) after Set: %v", name, err)
	}
	if err := doc.Unset(name); err != nil {
		t.Fatalf("Unset(%q): %v", name, err)
	}
	if string(doc.Bytes()) != string(text) {
		t.Fatalf("Unset after Set gives\n%q, want\n%q", doc.Bytes(), text)
	}
}

// checkLines checks that one run of lines changed and the others did not, each
// byte for byte. The lines of one value are such a run.
func checkLines(t *testing.T, before, after []byte) {
	t.Helper()
	a, b := strings.SplitAfter(string(before), "\n"), strings.SplitAfter(string(after), "\n")
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	changed := a[start : len(a)-end]
	keys := 0
	indent := -1
	for _, line := range changed {
		n := len(line) - len(strings.TrimLeft(line, " "))
		if indent < 0 {
			indent = n
		}
		if n <= indent && strings.Contains(line, ":") {
			keys++
		}
	}
	if keys > 2 { // its own, and that of the mapping around it
		t.Errorf("more than one value's lines changed:\n%s", strings.Join(changed, ""))
	}
}
