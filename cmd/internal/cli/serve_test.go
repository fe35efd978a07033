package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/format"
	jsonformat "github.com/flask-vault/flask-vault/format/json"
	"github.com/flask-vault/flask-vault/format/toml"
)

func TestReadLine(t *testing.T) {
	long := bytes.Repeat([]byte("x"), maxRequest+2)
	r := bufio.NewReaderSize(io.MultiReader(
		strings.NewReader("one\n\n"), bytes.NewReader(long), strings.NewReader("\ntwo\r\n"),
		bytes.NewReader(long[:maxRequest]), strings.NewReader("\ncut off")), 64<<10)
	var line []byte
	var err error
	for i, want := range []string{"one", "", "too long", "two\r", string(long[:maxRequest])} {
		line, err = readLine(r, line[:0])
		if want == "too long" {
			if !errors.Is(err, errLongLine) {
				t.Errorf("line %d: %v", i, err)
			}
			continue
		}
		if err != nil || string(line) != want {
			t.Errorf("line %d: %d bytes, %v", i, len(line), err)
		}
	}
	if _, err = readLine(r, line[:0]); !errors.Is(err, io.EOF) {
		t.Errorf("a line without an end: %v", err)
	}
}

func TestTypedOfOtherFormats(t *testing.T) {
	for _, c := range []struct {
		format format.Format
		text   string
		want   string
	}{
		{jsonformat.Format{}, `{"k": "x\n"}`, `"x\n"`},
		{jsonformat.Format{}, `{"k": 83}`, `{"type":"int","value":"83"}`},
		{jsonformat.Format{}, `{"k": -1.50e3}`, `{"type":"float","value":"-1.50e3"}`},
		{jsonformat.Format{}, `{"k": [true, null, {"b": 1, "a": []}]}`, `{"type":"list","value":[true,null,{"type":"dict","value":[["b",{"type":"int","value":"1"}],["a",{"type":"list","value":[]}]]}]}`},
		{toml.Format{}, `k = "x"`, `"x"`},
		{toml.Format{}, `k = 0x1_F`, `{"type":"int","value":"31"}`},
		{toml.Format{}, `k = +9`, `{"type":"int","value":"9"}`},
		{toml.Format{}, `k = 1_0.5`, `{"type":"float","value":"10.5"}`},
		{toml.Format{}, `k = true`, `true`},
	} {
		doc, err := c.format.Parse([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		v, err := doc.Get("k")
		if err != nil {
			t.Fatal(err)
		}
		got, err := appendTyped(c.format.Name(), v)
		if err != nil || string(got) != c.want || !json.Valid(got) {
			t.Errorf("%s: %s, %v; want %s", c.text, got, err, c.want)
		}
	}
}

// TestWornKeyIsTold holds that serve, which is quiet, warns of a worn key, and once.
func TestWornKeyIsTold(t *testing.T) {
	var said bytes.Buffer
	s := &server{app: &app{name: "flask-vault", err: &said, quiet: true}}
	s.warnWorn()
	s.warnWorn()
	if got := said.String(); !strings.HasPrefix(got, "warning: ") || strings.Count(got, "\n") != 1 {
		t.Errorf("said %q", got)
	}
}
