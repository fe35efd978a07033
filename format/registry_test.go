package format_test

import (
	"fmt"
	"testing"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/yaml"
)

func TestForFile(t *testing.T) {
	r := format.Registry{yaml.Format{}}
	for _, name := range []string{"credentials.yml.enc", "a/b.YAML.enc", "plain.yaml", "unknown.bin.enc"} {
		if f := r.ForFile(name); f == nil || f.Name() != "yaml" {
			t.Errorf("%s: %v", name, f)
		}
	}
	if f := (format.Registry{}).ForFile("x"); f != nil {
		t.Errorf("empty registry: %v", f)
	}
	if _, ok := r.ByName("toml"); ok {
		t.Error("a format that is not there was found")
	}
}

func ExampleValue() {
	v := format.NewValue(format.String, "hunter2")
	fmt.Printf("%v %+v %#v %x %s\n", v, v, v, v, v.Kind())
	fmt.Println(v.Reveal())
	// Output:
	// [redacted] [redacted] [redacted] [redacted] string
	// hunter2
}
