package merge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/dotenv"
	"github.com/flask-vault/flask-vault/format/json"
	"github.com/flask-vault/flask-vault/format/merge"
	"github.com/flask-vault/flask-vault/format/raw"
	"github.com/flask-vault/flask-vault/format/toml"
	"github.com/flask-vault/flask-vault/format/yaml"
)

var formats = map[string]format.Format{"yaml": yaml.Format{}, "toml": toml.Format{}, "json": json.Format{}, "env": dotenv.Format{}, "raw": raw.Format{}}

func TestClean(t *testing.T) {
	template := string(yaml.Format{}.Template())
	for _, tc := range []struct{ name, format, base, ours, theirs, want string }{
		{"one side", "yaml", "a: 1\n", "a: 1\n", "a: 2\n", "a: 2\n"},
		{"both the same", "yaml", "a: 1\n", "a: 2\n", "a: 2\n", "a: 2\n"},
		{
			"both add at the end", "yaml", "a: 1\n",
			"a: 1\n# mine\nb: 0123 # pin\n", "a: 1\n# yours\nc: 'single'\n",
			"a: 1\n# mine\nb: 0123 # pin\n# yours\nc: 'single'\n",
		},
		{
			"first keys of a new vault", "yaml", template, template + "a: 1\n", template + "b: 2\n",
			template + "a: 1\nb: 2\n",
		},
		{"both start from nothing", "yaml", "", "a: 1\n", "b: 2\n", "a: 1\nb: 2\n"},
		{"ours has CRLF", "yaml", "a: 1\nb: 2\n", "a: 1\r\nb: 3\r\n", "a: 1\nb: 2\n# new\nc: 3\n", "a: 1\r\nb: 3\r\n# new\r\nc: 3\r\n"},
		{"theirs has CRLF", "yaml", "a: 1\nb: 2\n", "a: 1\nb: 3\n", "a: 1\r\nb: 2\r\n# new\r\nc: 3\r\n", "a: 1\nb: 3\n# new\nc: 3\n"},
		{"base alone has CRLF", "toml", "[a]\r\nb = 1\r\nc = 1\r\n", "[a]\nb = 2\nc = 1\n", "[a]\nb = 1\nc = 2\n", "[a]\nb = 2\nc = 2\n"},
		{"ours changed the line ends alone", "env", "A=1\nB=2\n", "A=1\r\nB=2\r\n", "A=1\nB=3\n", "A=1\r\nB=3\r\n"},
		{"theirs changed the line ends alone", "env", "A=1\nB=2\n", "A=1\nB=3\n", "A=1\r\nB=2\r\n", "A=1\nB=3\n"},
		{"comments of both at the end of CRLF", "yaml", "a: 1\nb: 2", "a: 1\r\nb: 2 # ours\r\n# x", "a: 3\nb: 2\n# y", "a: 3\r\nb: 2 # ours\r\n# x\r\n# y"},
		{"no line break at the end", "yaml", "a: 1", "a: 1\nb: 2", "a: 1\nc: 3", "a: 1\nb: 2\nc: 3"},
		{
			"change and comment on one line", "yaml", "a: 1 # old\nb: 2\n", "a: 9 # old\nb: 2\n", "a: 1 # new\nb: 2\n",
			"a: 9 # new\nb: 2\n",
		},
		{
			"comment that only theirs changed", "yaml", "# one\na: 1\nb: 2\n", "# one\na: 1\nb: 3\n", "# two\na: 1\nb: 2\n",
			"# two\na: 1\nb: 3\n",
		},
		{
			"delete and change", "yaml", "a: 1\nb: 2\nc: 3\n", "a: 1\nc: 3\n", "a: 1\nb: 2\nc: 4\n",
			"a: 1\nc: 4\n",
		},
		{
			"delete with the comment", "yaml", "# about a\na: 1\n# about b\nb: 2\n", "# about b\nb: 2\n", "# about a\na: 1\n# about b\nb: 3\n",
			"# about b\nb: 3\n",
		},
		{
			"unset leaves the comment", "yaml", "# header\na: 1\nb: 2\n", "# header\nb: 2\n", "# header\na: 1\nb: 3\n",
			"# header\nb: 3\n",
		},
		{
			"both delete", "yaml", "a: 1\nb: 2\nc: 3\n", "b: 2\nc: 3\n", "a: 1\nb: 2\n",
			"b: 2\n",
		},
		{
			"reorder and change", "yaml", "a: 1\nb: 2\nc: 3\n", "c: 3\na: 1\nb: 2\n", "a: 1\nb: 9\nc: 3\n",
			"c: 3\na: 1\nb: 9\n",
		},
		{
			"theirs reorders", "yaml", "a: 1\nb: 2\nc: 3\n", "a: 1\nb: 9\nc: 3\n", "c: 3\na: 1\nb: 2\n",
			"c: 3\na: 1\nb: 9\n",
		},
		{
			"nested", "yaml", "db:\n  user: x\n  port: 1\nz: 1\n", "db:\n  user: y\n  port: 1\nz: 1\n", "db:\n  user: x\n  port: 2\n  # why\n  host: h\nz: 1\n",
			"db:\n  user: y\n  port: 2\n  # why\n  host: h\nz: 1\n",
		},
		{
			"another indentation", "yaml", "db:\n  user: x\nz: 1\n", "db:\n  user: y\nz: 1\n", "db:\n    user: x\n    key: |\n      a\n      b\nz: 1\n",
			"db:\n  user: y\n  key: |\n    a\n    b\nz: 1\n",
		},
		{
			"a mapping that both sides empty", "yaml", "db:\n  a: 1\n  b: 2\n", "db:\n  b: 2\n", "db:\n  a: 1\n",
			"db: {}\n",
		},
		{
			"blocks and lists", "yaml", "a: 1\nl:\n- x\n- y\n", "a: 1\nl:\n- x\n- y\n- z\n", "a: 1\nkey: |\n  -----BEGIN\n\n  text\n  -----END\nl:\n- x\n- y\n",
			"a: 1\nkey: |\n  -----BEGIN\n\n  text\n  -----END\nl:\n- x\n- y\n- z\n",
		},
		{
			"braces", "yaml", "db: {a: 1, b: 2}\n", "db: {a: 1, b: 3}\n", "db: {a: 1, b: 2, c: 0123}\n",
			"db: {a: 1, b: 3, c: 0123}\n",
		},
		{
			"anchors", "yaml", "a: &x 1\nb: *x\nc: 3\n", "a: &x 1\nb: *x\nc: 4\n", "a: &x 2\nb: *x\nc: 3\n",
			"a: &x 2\nb: *x\nc: 4\n",
		},
		{
			"merge key", "yaml", "d: &d\n  u: 1\np:\n  <<: *d\n  v: 1\n", "d: &d\n  u: 1\np:\n  <<: *d\n  v: 2\n", "d: &d\n  u: 7\np:\n  <<: *d\n  v: 1\n",
			"d: &d\n  u: 7\np:\n  <<: *d\n  v: 2\n",
		},
		{
			"nulls and numbers as keys", "yaml", "1: a\nx:\n", "1: a\nx:\ny: ~\n", "1: b\nx:\nz:\n",
			"1: b\nx:\ny: ~\nz:\n",
		},
		{
			"a document with dashes", "yaml", "---\na: 1\n...\n", "---\nb: 2\na: 1\n...\n", "---\na: 1\nc: 3\n...\n",
			"---\nb: 2\na: 1\nc: 3\n...\n",
		},
		{
			"comment at the end", "yaml", "a: 1\n# end\n", "a: 1\n# end\nb: 2\n", "a: 1\n# end\nc: 3\n",
			"a: 1\n# end\nb: 2\nc: 3\n",
		},
		{
			"other quotes for the same value", "yaml", "a: x\nb: 1\n", "a: 'x'\nb: 1\n", "a: y\nb: 1\n",
			"a: y\nb: 1\n",
		},
		{
			"members", "json", "{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"b\": {\"x\": null}\n}\n", "{\n  \"a\": 2.50,\n  \"c\": []\n}\n",
			"{\n  \"a\": 2.50,\n  \"b\": {\"x\": null},\n  \"c\": []\n}\n",
		},
		{"first members", "json", "{}\n", "{\"a\": 1}\n", "{\"b\": 2}\n", "{\"a\": 1,\"b\": 2}\n"},
		{"members from nothing", "json", "", "{\"a\": 1}\n", "{\"b\": 2}\n", "{\"a\": 1,\"b\": 2}\n"},
		{
			"members that go", "json", `{"a": 1, "b": 2, "c": 3}`, `{"b": 2, "c": 3}`, `{"a": 1, "b": 2}`,
			`{"b": 2}`,
		},
		{
			"tables", "toml", "a = 1\n\n[db]\nuser = \"x\"\n", "a = 1\nb = 0x1F\n\n[db]\nuser = \"x\"\n", "a = 1\n\n[db]\nuser = 'y'\n# since May\nport = 5432\n\n[mail]\nkey = \"k\"\n",
			"a = 1\nb = 0x1F\n\n[db]\nuser = 'y'\n# since May\nport = 5432\n\n[mail]\nkey = \"k\"\n",
		},
		{
			"a table on each side", "toml", "[a]\nx = 1\n", "[a]\nx = 1\n[b]\ny = 1\n", "top = 1\n[a]\nx = 1\n[c]\nz = 1\n",
			"top = 1\n[a]\nx = 1\n[b]\ny = 1\n[c]\nz = 1\n",
		},
		{
			"dotted keys and braces", "toml", "db.user = \"x\"\nt = {a = 1}\n", "db.user = \"x\"\ndb.port = 1\nt = {a = 1, b = 2}\n", "db.user = \"y\"\nt = {a = 3}\n",
			"db.user = \"y\"\ndb.port = 1\nt = {a = 3, b = 2}\n",
		},
		{
			"arrays of tables", "toml", "a = 1\n[[s]]\nn = 1\n[[s]]\nn = 2\n", "a = 2\n[[s]]\nn = 1\n[[s]]\nn = 2\n", "a = 1\n[[s]]\nn = 1\n[[s]]\nn = 3\n[s.x]\ny = 1\n",
			"a = 2\n[[s]]\nn = 1\n[[s]]\nn = 3\n[s.x]\ny = 1\n",
		},
		{
			"the template of toml", "toml", string(toml.Format{}.Template()), string(toml.Format{}.Template()) + "a = 1\n", string(toml.Format{}.Template()) + "b = 2\n",
			string(toml.Format{}.Template()) + "a = 1\nb = 2\n",
		},
		{
			"a table where the other has dotted keys", "toml", "", "db.user = \"x\"\n", "[db]\nport = \"1\"\n",
			"db.user = \"x\"\ndb.port = \"1\"\n",
		},
		{
			"lines", "env", "A=1\nB=2\n", "A=1\nexport C='x y' # c\nB=2\n", "# a\nA=0123\nB=2\nD=\"two\nlines\"\n",
			"# a\nA=0123\nexport C='x y' # c\nB=2\nD=\"two\nlines\"\n",
		},
		{"a name twice", "env", "A=1\nA=2\n", "A=1\nA=2\nB=1\n", "A=1\nA=3\n", "A=1\nA=3\nB=1\n"},
		{"a byte order mark", "env", "\ufeffA=1\n", "\ufeffB=2\nA=1\n", "\ufeffC=3\nA=1\n", "\ufeffB=2\nC=3\nA=1\n"},
		{"bytes of one side", "raw", "a", "a", "b", "b"},
	} {
		t.Run(tc.format+" "+tc.name, func(t *testing.T) {
			r, err := merge.Three(formats[tc.format], []byte(tc.base), []byte(tc.ours), []byte(tc.theirs), nil)
			if err != nil || len(r.Conflicts) > 0 || string(r.Text) != tc.want {
				t.Errorf("%v, %d conflicts\n%s\nwant\n%s", err, len(r.Conflicts), r.Text, tc.want)
			}
		})
	}
}

func TestConflicts(t *testing.T) {
	for _, tc := range []struct{ name, format, base, ours, theirs, keys, takeOurs, takeTheirs string }{
		{"two values", "yaml", "a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 3\nb: 2\n", "a", "a: 2\nb: 2\n", "a: 3\nb: 2\n"},
		{"two kinds", "yaml", "a: 1\n", "a: 0123\n", "a: '0123'\n", "a", "a: 0123\n", "a: '0123'\n"},
		{"two new ones", "yaml", "", "a: 1\n", "a: 2\n", "a", "a: 1\n", "a: 2\n"},
		{"deleted and changed", "yaml", "a: 1\nb: 1\n", "b: 1\n", "a: 3\nb: 1\n", "a", "b: 1\n", "a: 3\nb: 1\n"},
		{"changed and deleted", "yaml", "a: 1\nb: 1\n", "a: 2\nb: 1\n", "b: 1\n", "a", "a: 2\nb: 1\n", "b: 1\n"},
		{"nested", "yaml", "d:\n  a: 1\n", "d:\n  a: 2\n  b: 1\n", "d:\n  a: 3\n  c: 1\n", "d.a", "d:\n  a: 2\n  b: 1\n  c: 1\n", "d:\n  a: 3\n  b: 1\n  c: 1\n"},
		{"a mapping and a value", "yaml", "d: 1\n", "d: 2\n", "d:\n  a: 1\n", "d", "d: 2\n", "d:\n  a: 1\n"},
		{"flat and nested", "yaml", "d:\n  x: 1\n", "d:\n  x: 1\nd.a: 1\n", "d:\n  x: 1\n  a: 2\n", "d.a", "d:\n  x: 1\nd.a: 1\n", "d:\n  x: 1\n  a: 2\n"},
		{"lists", "yaml", "l: [1]\n", "l: [1, 2]\n", "l: [1, 3]\n", "l", "l: [1, 2]\n", "l: [1, 3]\n"},
		{"several", "yaml", "a: 1\nb: 1\n", "a: 2\nb: 2\n", "a: 3\nb: 3\n", "a b", "a: 2\nb: 2\n", "a: 3\nb: 3\n"},
		{"json", "json", `{"a": 1}`, `{"a": 2}`, `{"a": "2"}`, "a", `{"a": 2}`, `{"a": "2"}`},
		{"toml", "toml", "[d]\na = 1\n", "[d]\na = 2\n", "[d]\na = 3\nb = 1\n", "d.a", "[d]\na = 2\nb = 1\n", "[d]\na = 3\nb = 1\n"},
		{"toml in two places", "toml", "", "d.a = '1'\n", "[d]\na = '2'\n", "d.a", "d.a = '1'\n", "[d]\na = '2'\n"},
		{"env", "env", "A=1\n", "A=2\n", "A=3\n", "A", "A=2\n", "A=3\n"},
	} {
		t.Run(tc.format+" "+tc.name, func(t *testing.T) {
			base, ours, theirs := []byte(tc.base), []byte(tc.ours), []byte(tc.theirs)
			r, err := merge.Three(formats[tc.format], base, ours, theirs, nil)
			var keys []string
			for _, c := range r.Conflicts {
				keys = append(keys, c.Key)
			}
			if err != nil || strings.Join(keys, " ") != tc.keys || r.Text != nil {
				t.Fatalf("%v, conflicts %q, want %q", err, keys, tc.keys)
			}
			for side, want := range map[merge.Side]string{merge.Ours: tc.takeOurs, merge.Theirs: tc.takeTheirs} {
				decided := map[string]merge.Side{}
				for _, k := range keys {
					decided[k] = side
				}
				r, err := merge.Three(formats[tc.format], base, ours, theirs, decided)
				if err != nil || string(r.Text) != want {
					t.Errorf("side %d: %v\n%s\nwant\n%s", side, err, r.Text, want)
				}
			}
			marked := merge.Marked(formats[tc.format], base, ours, theirs, nil)
			if !merge.HasMarks(marked) || merge.HasMarks(ours) {
				t.Errorf("marked\n%s", marked)
			}
		})
	}
}

func TestWhole(t *testing.T) {
	for _, tc := range []struct{ name, format, base, ours, theirs string }{
		{"bytes", "raw", "a", "b", "c"},
		{"a list", "yaml", "- 1\n", "- 2\n", "- 3\n"},
		{"broken", "yaml", "a: 1\n", "a: [hunter2\n", "a: 2\n"},
		{"two forms", "yaml", "d:\n  n: 1\n", "d: {n: 2, a: 1}\n", "d:\n  n: 1\n  x: 0123\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := merge.Three(formats[tc.format], []byte(tc.base), []byte(tc.ours), []byte(tc.theirs), nil)
			var whole *merge.WholeError
			if !errors.As(err, &whole) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
			want := "<<<<<<< ours\n" + strings.TrimSuffix(tc.ours, "\n") + "\n=======\n" + strings.TrimSuffix(tc.theirs, "\n") + "\n>>>>>>> theirs\n"
			if got := merge.Marked(formats[tc.format], []byte(tc.base), []byte(tc.ours), []byte(tc.theirs), nil); string(got) != want {
				t.Errorf("marked\n%s", got)
			}
		})
	}
}

func TestMarked(t *testing.T) {
	for _, tc := range []struct{ format, base, ours, theirs, want string }{
		{
			"yaml", "db:\n  a: 1\n  # x\n  b: 2\nc: 3\n", "db:\n  a: 1\n  # x\n  b: 7\nc: 4\n", "db:\n  a: 1\n  # x\n  b: 8\n  n: 1\nc: 3\n",
			"db:\n  a: 1\n  # x\n<<<<<<< ours\n  b: 7\n=======\n  b: 8\n>>>>>>> theirs\n  n: 1\nc: 4\n",
		},
		{"yaml", "a: 1\nb: 1", "b: 1", "a: 2\nb: 2", "<<<<<<< ours\n=======\na: 2\n>>>>>>> theirs\nb: 2"},
		{"json", "{\n  \"a\": 1\n}\n", "{\n  \"a\": 2\n}\n", "{\n  \"a\": 3\n}\n", "{\n<<<<<<< ours\n  \"a\": 2\n=======\n  \"a\": 3\n>>>>>>> theirs\n\n}\n"},
	} {
		got := merge.Marked(formats[tc.format], []byte(tc.base), []byte(tc.ours), []byte(tc.theirs), nil)
		if string(got) != tc.want {
			t.Errorf("%s\nwant\n%s", got, tc.want)
		}
	}
}
