package format_test

import (
	"fmt"
	"testing"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/json"
	"github.com/flask-vault/flask-vault/format/toml"
	"github.com/flask-vault/flask-vault/format/yaml"
)

func TestItems(t *testing.T) {
	for _, c := range []struct {
		f          format.Format
		text, want string
	}{
		{yaml.Format{}, "a: [x, 'y, z', &n 007, *n]", `["x" "y, z" "007" "007"]`},
		{yaml.Format{}, "a:\n- x\n- |\n  y\n", `["x" "y\n"]`},
		{yaml.Format{}, "a: [x, [y]]", `[]`},
		{yaml.Format{}, "a: []", `[]`},
		{yaml.Format{}, "a: {b: c}", `[]`},
		{yaml.Format{}, "a: '[x, y]'", `[]`},
		{json.Format{}, `{"a": ["x", "y\n", 1.10, true]}`, `["x" "y\n" "1.10" "true"]`},
		{json.Format{}, `{"a": ["x", {}]}`, `[]`},
		{toml.Format{}, `a = ["x", 'y', 1_0, true, 2024-01-31]`, `["x" "y" "1_0" "true" "2024-01-31"]`},
		{toml.Format{}, `a = ["x", ["y"]]`, `[]`},
		{toml.Format{}, "[[a]]\nb = 1\n", `[]`},
	} {
		doc, err := c.f.Parse([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		v, err := doc.Get("a")
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{}
		for _, item := range v.Items() {
			texts = append(texts, item.Reveal())
		}
		if got := fmt.Sprintf("%q", texts); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.f.Name(), c.text, got, c.want)
		}
	}
}
