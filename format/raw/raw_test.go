package raw_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/raw"
)

func Example() {
	doc, _ := raw.Format{}.Parse([]byte{0x89, 'P', 'N', 'G'})
	_, err := doc.Get("width")
	fmt.Println(len(doc.Bytes()), err)
	// Output: 4 no value for width
}

func TestRaw(t *testing.T) {
	f := raw.Format{}
	if f.Name() != "raw" || len(f.Extensions()) != 0 || len(f.Template()) != 0 {
		t.Errorf("%q, %q, %q", f.Name(), f.Extensions(), f.Template())
	}
	for _, text := range [][]byte{nil, {}, []byte("a: b\n"), {0, 0xFF, '\n', 0xFE}, bytes.Repeat([]byte{1}, 1<<20)} {
		doc, err := f.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if names := doc.Names(); len(names) != 0 {
			t.Errorf("Names gives %q", names)
		}
		var missing *format.NotFoundError
		if _, err := doc.Get("a"); !errors.As(err, &missing) || missing.Path != "a" || missing.Hint == "" {
			t.Errorf("Get gives %v", err)
		}
		if err := doc.Unset("a"); !errors.As(err, &missing) || missing.Hint == "" {
			t.Errorf("Unset gives %v", err)
		}
		var refused *format.PathError
		if err := doc.Set("a", "x"); !errors.As(err, &refused) || refused.Path != "a" || refused.Msg == "" {
			t.Errorf("Set gives %v", err)
		}
		if !bytes.Equal(doc.Bytes(), text) {
			t.Error("Bytes differs")
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a: b"), "a")
	f.Fuzz(func(t *testing.T, text []byte, path string) {
		doc, err := raw.Format{}.Parse(text)
		if err != nil || !bytes.Equal(doc.Bytes(), text) {
			t.Fatal(err)
		}
		if _, err := doc.Get(path); !errors.Is(err, format.ErrNotFound) {
			t.Fatal(err)
		}
	})
}
