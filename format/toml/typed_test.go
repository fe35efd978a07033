package toml_test

import (
	"encoding/json"
	"strings"
	"testing"

	gotoml "github.com/pelletier/go-toml/v2"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/formattest"
	"github.com/flask-vault/flask-vault/format/toml"
)

func TestAppendTyped(t *testing.T) {
	doc, err := toml.Format{}.Parse([]byte(`s = "x\n"
n = 0x1_F
f = 1_0.5
i = -inf
b = true
l = [1, 'a', {x = 2024-06-28}]
d = 2024-06-28
t = 10:20:30.5
ldt = 2024-06-28T10:20:30
odt = 2024-06-28 10:20:30.25+02:00
z = 2024-06-28T10:20:30Z
inl = {a = 1, b.c = 'x'}
[db]
username = 'shop'
[db.sub]
y = 1
[empty]
[[arr]]
z = 1
[[arr]]
`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"s":     `"x\n"`,
		"n":     `{"type":"int","value":"31"}`,
		"f":     `{"type":"float","value":"10.5"}`,
		"i":     `{"type":"float","value":"-inf"}`,
		"b":     `true`,
		"l":     `{"type":"list","value":[{"type":"int","value":"1"},"a",{"type":"dict","value":[["x",{"type":"date","value":"2024-06-28"}]]}]}`,
		"d":     `{"type":"date","value":"2024-06-28"}`,
		"t":     `{"type":"time","value":"10:20:30.500000"}`,
		"ldt":   `{"type":"datetime","value":"2024-06-28T10:20:30"}`,
		"odt":   `{"type":"datetime","value":"2024-06-28T10:20:30.250000+02:00"}`,
		"z":     `{"type":"datetime","value":"2024-06-28T10:20:30+00:00"}`,
		"inl":   `{"type":"dict","value":[["a",{"type":"int","value":"1"}],["b",{"type":"dict","value":[["c","x"]]}]]}`,
		"db":    `{"type":"dict","value":[["sub",{"type":"dict","value":[["y",{"type":"int","value":"1"}]]}],["username","shop"]]}`,
		"empty": `{"type":"dict","value":[]}`,
		"arr":   `{"type":"list","value":[{"type":"dict","value":[["z",{"type":"int","value":"1"}]]},{"type":"dict","value":[]}]}`,
	} {
		v, err := doc.Get(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := toml.AppendTyped(nil, v); err != nil || string(got) != want || !json.Valid(got) {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
	}
	if got, err := toml.AppendTyped(nil, format.NewValue(format.Int, "hunter2")); err == nil || len(got) != 0 {
		t.Errorf("%s, %v", got, err)
	}
}

// A document with the line ends of Windows has the values of one without.
func TestLineEndsOfWindows(t *testing.T) {
	const text = "a = [\"\"\"x\ny\"\"\", 'z']\n[t]\nb = \"\"\"\nx\ny\"\"\"\n[[r]]\nc = '''\np\nq'''\n"
	unix, err := toml.Format{}.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	windows, err := toml.Format{}.Parse([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "t", "t.b", "r"} {
		want, _ := unix.Get(name)
		got, err := windows.Get(name)
		if err != nil || len(got.Items()) != len(want.Items()) {
			t.Fatalf("%s: %d items, %v", name, len(got.Items()), err)
		}
		for i, item := range want.Items() {
			if !item.Equal(got.Items()[i]) {
				t.Errorf("%s: the item is %q, want %q", name, got.Items()[i].Reveal(), item.Reveal())
			}
		}
		typed, _ := toml.AppendTyped(nil, want)
		if got, err := toml.AppendTyped(nil, got); err != nil || string(got) != string(typed) {
			t.Errorf("%s: %s, want %s, %v", name, got, typed, err)
		}
	}
	for _, value := range formattest.Values {
		if err := windows.Set("new", value); err != nil {
			t.Fatal(err)
		}
		var other struct{ New string }
		if err := gotoml.Unmarshal(windows.Bytes(), &other); err != nil || other.New != value {
			t.Errorf("go-toml reads %q, want %q, %v", other.New, value, err)
		}
	}
}
