package yaml

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/formattest"
)

// TestRefused: what Flask-Vault cannot read is refused, with a place and without
// a word of the document.
func TestRefused(t *testing.T) {
	formattest.Refused(t, Format{}, []formattest.Refusal{
		{"colon and space in a value", "a: hunter2: def\n", 1, 11},
		{"colon at the end of a value", "a: hunter2:\n", 1, 11},
		{"at sign", "a: @hunter2\n", 1, 4},
		{"percent sign", "a: %hunter2\n", 1, 4},
		{"backtick", "a: `hunter2`\n", 1, 4},
		{"undefined alias", "a: *hunter2\n", 1, 4},
		{"unknown tag", "a: !hunter2\n", 1, 4},
		{"unknown tag with a value", "x: y\na: !hunter2 z\n", 2, 4},
		{"unknown standard tag", "a: !!hunter2 z\n", 1, 4},
		{"undefined tag handle", "a: !hunter2!x z\n", 1, 4},
		{"unclosed brace", "a: {hunter2\n", 1, 4},
		{"unclosed bracket", "a: [hunter2\nb: c\n", 1, 4},
		{"text behind the bar", "a: |hunter2\n", 1, 0},
		{"text behind the angle", "a: >hunter2\n", 1, 0},
		{"list entry as a value", "a: - hunter2\n", 1, 4},
		{"equals sign alone", "a: =\n", 1, 4},
		{"merge as a value", "a: <<\n", 1, 4},
		{"merge of text", "<<: hunter2\n", 1, 5},
		{"tab behind the colon", "a:\thunter2\n", 1, 3},
		{"tab behind a value", "a: hunter2\t\n", 1, 11},
		{"tab inside of a value", "a: hunter2\thunter2\n", 1, 11},
		{"tab before a comment", "a: hunter2\t# c\n", 1, 11},
		{"tab as indentation", "a:\n\thunter2: c\n", 2, 1},
		{"tab in json", "{\n\t\"a\": \"hunter2\"\n}\n", 2, 1},
		{"tab in an empty line", "a: b\n\t\nc: d\n", 2, 1},
		{"tab behind a quote", "a: 'hunter2'\t\n", 1, 13},
		{"text behind a closing quote", "a: 'hunter2' x\n", 1, 14},
		{"unclosed quote", "a: b\nc: \"hunter2\n", 2, 4},
		{"bad escape", "a: \"hunter2\\q\"\n", 1, 0},
		{"bad hexadecimal escape", "a: \"hunter2\\xZZ\"\n", 1, 0},
		{"surrogate", "a: \"hunter2\\ud83d\\ude00\"\n", 1, 0},
		{"line without a colon", "a: b\nhunter2\nc: d\n", 2, 1},
		{"two documents", "a: b\n---\nc: hunter2\n", 2, 1},
		{"text after the end", "a: b\n...\nhunter2\n", 3, 1},
		{"end without a document", "...\n", 1, 1},
		{"the same anchor twice", "a: &hunter2 x\nb: &hunter2 y\n", 2, 4},
		{"list as a name", "[hunter2]: a\n", 1, 1},
		{"mapping as a name", "{hunter2: a}: b\n", 1, 1},
		{"python tag", "a: !!python/name:os.hunter2 ''\n", 1, 4},
		{"directive of YAML 2", "%YAML 2.0\n---\na: hunter2\n", 0, 0},
		{"unknown content of a directive", "%TAG hunter2\n---\na: b\n", 1, 0},
		{"long plain name", strings.Repeat("hunter2", 200) + ": x\n", 1, 1},
		{"control character", "a: hunter2\x01\n", 1, 11},
		{"delete character", "a: hunter2\x7f\n", 1, 11},
		{"c1 control character", "a: é\u0081\n", 1, 5},
		{"not UTF-8", "a: b\nc: hunter2\xff\n", 2, 11},
		{"UTF-16", "\xff\xfea\x00:\x00", 1, 1},
		{"impossible date", "a: 2023-02-31\n", 1, 4},
		{"impossible time", "a: 2023-02-01 25:00:00\n", 1, 4},
		{"binary that is not base64", "a: !!binary abc\n", 1, 4},
		{"binary that is not text", "a: !!binary //79\n", 1, 4},
		{"int that is none", "a: !!int hunter2\n", 1, 4},
		{"float that is none", "a: !!float hunter2\n", 1, 4},
		{"bool that is none", "a: !!bool hunter2\n", 1, 4},
		{"date that is none", "a: !!timestamp hunter2\n", 1, 4},
		{"text tag on a list", "a: !!str [hunter2]\n", 1, 4},
		{"number without digits", "a: 0x_\n", 1, 4},
		{"number of too many digits", "a: " + strings.Repeat("7", 4301) + "\n", 1, 4},
		{"empty name", "a: b\n: hunter2\n", 2, 1},
		{"colon on the next line", "{\"hunter2\"\n: b}\n", 1, 2},
		{"question mark in braces", "a: {b: hunter2?x}\n", 1, 8},
		{"block in column one", "|\nhunter2\n", 2, 1},
		{"pairs that are none", "a: !!pairs [hunter2]\n", 1, 13},
		{"values in a set", "a: !!set {b: hunter2}\n", 1, 14},
		{"anchor with a dot", "a: &hunter2.x y\n", 1, 4},
		{"column in characters", "é: ü\na: ñ \"hunter2\" : @\n", 2, 0},
	})
}

func TestDocumentsWithoutValues(t *testing.T) {
	for _, text := range []string{"", "\n", "\ufeff", "# c", "# c\n", "---", "---\n", "---\n...\n", "--- # c\n", "%YAML 1.1\n---\n", "~", "null\n", "- a\n- b\n", "text\n", "[]\n", "{}\n", "12\n", "|\n  text\n", string(Format{}.Template())} {
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if names := doc.Names(); len(names) != 0 {
			t.Errorf("%q has the names %q", text, names)
		}
		var missing *format.NotFoundError
		if _, err := doc.Get("a"); !errors.As(err, &missing) || missing.Path != "a" || text != "{}\n" && missing.Hint == "" {
			t.Errorf("Get in %q gives %#v", text, err)
		}
	}
}

func TestHints(t *testing.T) {
	doc, err := Format{}.Parse([]byte("59: a\ntrue: b\n~: c\n1.5: d\n2024-01-02: e\nm: {7: f, yes: {x: g}}\n8: {h: i}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"59":         "the key in line 1 is a number, not text; put it in quotes to fetch it",
		"true":       "the key in line 2 is true or false, not text; put it in quotes to fetch it",
		"~":          "the key in line 3 is a null, not text; put it in quotes to fetch it",
		"1.5":        "the key in line 4 is a number, not text; put it in quotes to fetch it",
		"2024-01-02": "the key in line 5 is a date, not text; put it in quotes to fetch it",
		"m.7":        "the key in line 6 is a number, not text; put it in quotes to fetch it",
		"8.h":        "the key in line 7 is a number, not text; put it in quotes to fetch it",
		"x":          "",
		"m.x":        "",
	} {
		var missing *format.NotFoundError
		if _, err := doc.Get(path); !errors.As(err, &missing) || missing.Hint != want {
			t.Errorf("Get(%q) gives the hint %q, want %q", path, missing.Hint, want)
		}
	}
}

func TestNames(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"order", "b: 1\na: 2\n", "b a"},
		{"nested", "db:\n  user: u\n  hosts: [a, b]\nx: y\n", "db.user db.hosts x"},
		{"flat hides nested", "db.user: a\ndb: {user: b, pw: c}\n", "db.user db.pw"},
		{"nested before flat", "db: {user: b, pw: c}\ndb.user: a\n", "db.pw db.user"},
		{"nulls", "a:\nb: ~\nc: x\nd: {e: null}\n", "c"},
		{"flat null hides nested", "a.b:\na: {b: c}\n", ""},
		{"text keys only", "1: a\nyes: b\n'2': c\n", "2"},
		{"duplicates", "a: 1\nb: 2\na: 3\n", "b a"},
		{"last is null", "a: 1\na:\n", ""},
		{"aliases", "a: &x {p: 1}\nb: *x\n", "a.p b.p"},
		{"merge", "d: &d {p: 1, q: 2}\ne: {r: 3, <<: *d, q: 4}\n", "d.p d.q e.r e.p e.q"},
		{"merge of a list", "d: &d {p: 1}\ne: &e {p: 2, q: 3}\nf: {<<: [*d, *e]}\n", "d.p e.p e.q f.p f.q"},
		{"quoted merge key", "'<<': a\n", "<<"},
		{"two ways to one value", "m: &m {c: 1}\na.b: *m\na: {b: *m}\n", "m.c a.b.c"},
		{"dots everywhere", "a.b: {c.d: 1}\na: {b.c: {d: 2}, x.y: 3}\n", "a.b.c.d a.x.y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := Format{}.Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(doc.Names(), " "); got != tt.want {
				t.Errorf("Names: %s, want %s", got, tt.want)
			}
		})
	}
}

func TestGet(t *testing.T) {
	tests := []struct {
		name, text, path, want string
		kind                   format.Kind
	}{
		{"flat first", "a.b: flat\na: {b: nested}\n", "a.b", "flat", format.String},
		{"nested", "a: {b: {c: nested}}\n", "a.b.c", "nested", format.String},
		{"flat rest", "p: {db.url: x}\n", "p.db.url", "x", format.String},
		{"longest first", "a.b: {c: 1}\na: {b: {c: 2}}\n", "a.b.c", "1", format.Int},
		{"last duplicate", "a: 1\na: two\n", "a", "two", format.String},
		{"null", "a:\n", "a", "", format.Null},
		{"as written", "a: 0123\n", "a", "0123", format.Int},
		{"bool", "a: yes\n", "a", "yes", format.Bool},
		{"tagged int", "a: !!int '51'\n", "a", "51", format.Int},
		{"tagged text", "a: !!str 198\n", "a", "198", format.String},
		{"non-specific tag", "a: ! '12'\n", "a", "12", format.Int},
		{"own tag handle", "%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 5\n", "a", "5", format.String},
		{"binary", "a: !!binary aGVs\n  bG8=\n", "a", "hello", format.Binary},
		{"alias", "a: &x b\nc: *x\n", "c", "b", format.String},
		{"merge", "d: &d {k: 1, l: x}\ne: {<<: *d, k: 2}\n", "e.l", "x", format.String},
		{"own over merged", "d: &d {k: 1}\ne: {k: 2, <<: *d}\n", "e.k", "2", format.Int},
		{"first of a merged list", "f: {<<: [{k: 1}, {k: 2}]}\n", "f.k", "1", format.Int},
		{"alias as a key", "a: &x name\nm: {*x : v}\n", "m.name", "v", format.String},
		{"equals sign as a key", "=: v\n", "=", "v", format.String},
		{"flow list", "a: [1, 'x, y', *z]\nz: &z 2\n", "a", "", 0},
		{"list", "z: &z two\na: [1, 'x, y', *z]\n", "a", "[1, \"x, y\", two]", format.Sequence},
		{"block list", "a:\n- b: c\n  d: [e]\n- - f\n- |\n  g\n", "a", "- b: c\n  d: [e]\n- - f\n- \"g\\n\"", format.Sequence},
		{"mapping", "d: &d {k: 1}\na:\n  <<: *d\n  x: yes\n  'yes': ~\n  l:\n", "a", "k: 1\nx: yes\n\"yes\": ~\nl:", format.Mapping},
		{"empty mapping", "a: {}\n", "a", "{}", format.Mapping},
		{"set", "a: !!set {b, 1}\n", "a", "!!set {b: null, 1: null}", format.Mapping},
		{"bom and crlf", "\ufeffa: b\r\nc: |\r\n  d\r\n  e\r\n", "c", "d\ne\n", format.String},
		{"no newline at the end of a block", "a: |\n  b", "a", "b", format.String},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := Format{}.Parse([]byte(tt.text))
			if tt.kind == 0 && tt.want == "" && !strings.HasPrefix(tt.name, "null") {
				if err == nil {
					t.Error("an alias before its anchor is accepted")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			v, err := doc.Get(tt.path)
			if err != nil || v.Reveal() != tt.want || v.Kind() != tt.kind {
				t.Errorf("Get gives the %v %q, %v; want the %v %q", v.Kind(), v.Reveal(), err, tt.kind, tt.want)
			}
		})
	}
}

// TestLargeErrors: an error in a large document is found soon and is short.
func TestLargeErrors(t *testing.T) {
	big := string(flat(30_000)) // about 1 MB
	long := "a: " + strings.Repeat("x", 1<<20)
	for name, text := range map[string]string{
		"at the end":          big + "a: @\n",
		"at the start":        "a: @\n" + big,
		"tab at the end":      big + "a: b\t\n",
		"control character":   big + "\x01",
		"not UTF-8":           long + "\xff",
		"long line":           long + ": x\n",
		"long line with tab":  long + "\t\n",
		"open quote":          "a: \"" + big,
		"touching comments":   strings.Repeat("a: \"b\"#c\n", 5_000) + "a: @\n",
		"one long json line":  "{" + strings.Repeat(`"a": "b\tc",`, 5_000) + "\"a\"\n: 1}",
		"tabs in quotes":      strings.Repeat("a: \"b\tc\"\n", 5_000) + "a: @\n",
		"long name in braces": "{\"" + strings.Repeat("x", 1<<20) + "\": y}",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Format{}.Parse([]byte(text))
			var syntax *format.SyntaxError
			if !errors.As(err, &syntax) || len(err.Error()) > 250 {
				t.Fatalf("Parse gives %.300v", err)
			}
			took := time.Since(start)
			t.Logf("%v: %v", took.Round(time.Millisecond), err)
			if took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestTabInFrontOfALine(t *testing.T) {
	for text, want := range map[string]string{
		"a:\n\tb: c\n":       "line 2, column 1: the line is indented with a tab; use spaces",
		"a:\n  \tb: c\n":     "line 2, column 3: the line is indented with a tab; use spaces",
		"a:\n  - b\n\t- c\n": "line 3, column 1: the line is indented with a tab; use spaces",
		"a: 1\nb: `c\n":      "line 2, column 4: a value cannot start with this character; put it in quotes",
		"a:\r\n\tb: c\r\n":   "line 2, column 1: the line is indented with a tab; use spaces",
	} {
		if _, err := (Format{}).Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
