package variables

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/yaml"
)

// document makes a parsed text a Vault: a null counts as missing there.
type document struct{ format.Document }

func (d document) Names() ([]string, error) { return d.Document.Names(), nil }

func (d document) Get(path string) (format.Value, error) {
	v, err := d.Document.Get(path)
	if err == nil && v.Kind() == format.Null {
		err = &format.NotFoundError{Path: path}
	}
	return v, err
}

func parse(t *testing.T, text string) document {
	t.Helper()
	doc, err := yaml.Format{}.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return document{doc}
}

const shop = `
db:
  password: hunter22
  port: 05432
dbx: other
smtp.host: mail.example.com
hosts: [a, b]
later:
path: /srv
`

func TestSelect(t *testing.T) {
	for _, tc := range []struct {
		name string
		o    Options
		want []string
	}{
		{"all but what is reserved", Options{Prefix: "X_"},
			[]string{"X_DB_PASSWORD=hunter22", "X_DB_PORT=05432", "X_DBX=other", "X_SMTP_HOST=mail.example.com", "X_HOSTS=[a, b]", "X_PATH=/srv"}},
		{"only one", Options{Only: []string{"dbx"}}, []string{"DBX=other"}},
		{"only a mapping", Options{Only: []string{"db"}}, []string{"DB_PASSWORD=hunter22", "DB_PORT=05432"}},
		{"only a group of flat keys", Options{Only: []string{"smtp"}}, []string{"SMTP_HOST=mail.example.com"}},
		{"in the document's order", Options{Only: []string{"smtp.host", "db.port"}}, []string{"DB_PORT=05432", "SMTP_HOST=mail.example.com"}},
		{"mapped", Options{Only: []string{"dbx"}, Map: []Pair{{"db.password", "PGPASSWORD"}}}, []string{"PGPASSWORD=hunter22", "DBX=other"}},
		{"mapped twice", Options{Only: []string{"dbx"}, Map: []Pair{{"dbx", "A"}, {"dbx", "b"}}}, []string{"A=other", "b=other"}},
		{"mapped to a reserved name", Options{Only: []string{"dbx"}, Map: []Pair{{"path", "PATH"}}}, []string{"DBX=other", "PATH=/srv"}},
		{"the prefix is not for mapped names", Options{Only: []string{"dbx"}, Prefix: "X_", Map: []Pair{{"dbx", "A"}}}, []string{"A=other"}},
		{"a file", Options{Only: []string{"db.port"}, Files: []Pair{{"db.password", "PW_FILE"}}}, []string{"PW_FILE=<hunter22", "DB_PORT=05432"}},
		{"paths", Options{Only: []string{"db", "path"}, Paths: true, Map: []Pair{{"dbx", "any name: at all"}}}, []string{"db.password=hunter22", "db.port=05432", "any name: at all=other", "path=/srv"}},
	} {
		vars, err := Select(parse(t, shop), tc.o)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		var got []string
		for _, v := range vars {
			sign := "="
			if v.File {
				sign = "=<"
			}
			got = append(got, v.Name+sign+v.Value.Reveal())
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestSelectWholeMapping(t *testing.T) {
	vars, err := Select(parse(t, shop), Options{Only: []string{"dbx"}, Map: []Pair{{"db", "DB"}}})
	if err != nil || len(vars) != 2 || vars[1].Value.Kind() != format.Mapping {
		t.Errorf("%v, %v: want the mapping as a whole", vars, err)
	}
}

func TestSelectFails(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		o          Options
		want       any
		msg        string
	}{
		{"missing", shop, Options{Only: []string{"db", "nope"}}, new(*format.NotFoundError), "no value for nope"},
		{"missing in map", shop, Options{Map: []Pair{{"nope", "A"}}}, new(*format.NotFoundError), "no value for nope"},
		{"missing in files", shop, Options{Files: []Pair{{"nope", "A"}}}, new(*format.NotFoundError), "no value for nope"},
		{"a null by its name", shop, Options{Only: []string{"later"}}, new(*format.NotFoundError), "no value for later"},
		{"reserved", shop, Options{}, new(*ReservedError), "path would be the variable PATH, which changes how programs run"},
		{"reserved through the prefix", "preload: x", Options{Prefix: "LD_"}, new(*ReservedError), "preload would be the variable LD_PRELOAD, which changes how programs run"},
		{"collision", "a.b: 1\na-b: 1", Options{}, new(*CollisionError), "a.b and a-b would both be the variable A_B"},
		{"collision with a mapped one", "a: 1\nb: 1", Options{Map: []Pair{{"a", "B"}}}, new(*CollisionError), "a and b would both be the variable B"},
		{"no name", "'': 1", Options{}, new(*NameError), "the key without a name has no variable"},
		{"a bad prefix", "a: 1", Options{Prefix: "x-"}, new(*NameError), `a: "x-A" is no name for a variable`},
		{"a bad name", "a: 1", Options{Map: []Pair{{"a", "1A"}}}, new(*NameError), `a: "1A" is no name for a variable`},
	} {
		vars, err := Select(parse(t, tc.text), tc.o)
		if vars != nil || err == nil || err.Error() != tc.msg || !errors.As(err, tc.want) {
			t.Errorf("%s: %v, %v; want %s", tc.name, vars, err, tc.msg)
		}
	}
}

func TestNamesAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.String().Draw(t, "path")
		if name := Name("", path); Valid(name) != (path != "") {
			t.Fatalf("%q gives %q", path, name)
		}
	})
}

func TestReserved(t *testing.T) {
	for name, want := range map[string]bool{
		"PATH": true, "Path": true, "LD_PRELOAD": true, "DYLD_INSERT_LIBRARIES": true, "BASH_ENV": true,
		"NODE_OPTIONS": true, "FLASK_VAULT_MASTER_KEY": true, "GIT_SSH_COMMAND": true,
		"DB_PATH": false, "LD": false, "TOKEN": false, "GITHUB_TOKEN": false,
	} {
		if Reserved(name) != want {
			t.Errorf("%s: reserved %v, want %v", name, !want, want)
		}
	}
}

func TestErrorsShowNoValue(t *testing.T) {
	vars, err := Select(parse(t, "a: hunter22"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %+v %#v", vars, vars, vars); strings.Contains(s, "hunter22") {
		t.Errorf("printed: %s", s)
	}
}
