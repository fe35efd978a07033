package yaml

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/format"
)

var typedValues = []struct{ text, want string }{
	{"secret", `"secret"`}, {`"a\n\"<é"`, `"a\n\"\u003cé"`}, {"'0123'", `"0123"`}, {"!!str 12", `"12"`},
	{"yes", "true"}, {"Off", "false"}, {"!!bool TRUE", "true"}, {"y", `"y"`},
	{"0", "0"}, {"-0", "0"}, {"0123", "83"}, {"-0123", "-83"}, {"+77", "77"}, {"0x1F", "31"}, {"-0b101", "-5"}, {"0b1_0", "2"},
	{"1_000", "1000"}, {"0_1_7", "15"}, {"22:22", "1342"}, {"-1:30", "-90"}, {"190:20:30", "685230"}, {"089", `"089"`}, {"0o17", `"0o17"`},
	{"9007199254740991", "9007199254740991"}, {"9007199254740992", `{"type":"int","value":"9007199254740992"}`},
	{"-757238759212989112258", `{"type":"int","value":"-757238759212989112258"}`},
	{"1.10", `{"type":"float","value":"1.1"}`}, {"5.", `{"type":"float","value":"5"}`}, {".5", `{"type":"float","value":"0.5"}`},
	{"1.0e+400", `{"type":"float","value":"inf"}`}, {"-.Inf", `{"type":"float","value":"-inf"}`}, {".nan", `{"type":"float","value":"nan"}`},
	{"-0.0", `{"type":"float","value":"-0"}`}, {"1:30.5", `{"type":"float","value":"90.5"}`}, {"-3:30.25", `{"type":"float","value":"-210.25"}`},
	{"1_0.2_5", `{"type":"float","value":"10.25"}`}, {"!!float 3", `{"type":"float","value":"3"}`}, {"1e5", `"1e5"`}, {"190:20:30.15", `{"type":"float","value":"685230.15"}`},
	{"2024-06-28", `{"type":"date","value":"2024-06-28"}`}, {"!!timestamp 2024-6-8", `{"type":"date","value":"2024-06-08"}`},
	{"2024-06-28 01:02:03", `{"type":"datetime","value":"2024-06-28T01:02:03"}`}, {"2024-6-8t1:02:03Z", `{"type":"datetime","value":"2024-06-08T01:02:03+00:00"}`},
	{"2024-06-28T01:02:03.4 +2", `{"type":"datetime","value":"2024-06-28T01:02:03.400000+02:00"}`},
	{"2024-06-28T01:02:03.123456789-05:30", `{"type":"datetime","value":"2024-06-28T01:02:03.123456-05:30"}`},
	{"2024-06-28T01:02:03. Z", `{"type":"datetime","value":"2024-06-28T01:02:03+00:00"}`},
	{"!!binary aGk=", `{"type":"bytes","value":"aGk="}`},
	{"[1, ~, 0.5, yes, no, x, [2024-01-02]]", `{"type":"list","value":[1,null,{"type":"float","value":"0.5"},true,false,"x",{"type":"list","value":[{"type":"date","value":"2024-01-02"}]}]}`},
	{"{a: 1, 1: b, ~: c, yes: d, a: 2}", `{"type":"dict","value":[[1,"b"],[null,"c"],[true,"d"],["a",2]]}`},
	{"!!set {a, 2}", `{"type":"set","value":["a",2]}`}, {"!!omap [a: 1, b: 010]", `{"type":"pairs","value":[["a",1],["b",8]]}`},
	{"!!pairs [a: 1, a: [2]]", `{"type":"pairs","value":[["a",1],["a",{"type":"list","value":[2]}]]}`},
	{"[]", `{"type":"list","value":[]}`}, {"{}", `{"type":"dict","value":[]}`}, {"{=: 1, '<<': 2}", `{"type":"dict","value":[["=",1],["\u003c\u003c",2]]}`},
	{"[!!binary aGk=, &a x, *a]", `{"type":"list","value":[{"type":"bytes","value":"aGk="},"x","x"]}`},
}

func TestAppendTyped(t *testing.T) {
	for _, c := range typedValues {
		doc, err := Format{}.Parse([]byte("k: " + c.text + "\n"))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		v, err := doc.Get("k")
		if err != nil {
			t.Fatal(err)
		}
		got, err := AppendTyped([]byte(">"), v)
		if err != nil || string(got) != ">"+c.want {
			t.Errorf("%s: %s, %v; want %s", c.text, got, err, c.want)
		}
		if !json.Valid(got[1:]) {
			t.Errorf("%s: %s is not JSON", c.text, got[1:])
		}
	}
	// Beyond what Python reads as a decimal number, hexadecimal stays.
	long := "0x1" + strings.Repeat("0", 4000)
	got, err := AppendTyped(nil, format.NewValue(format.Int, "-"+long))
	if want := `{"type":"int","value":"-` + long + `"}`; err != nil || string(got) != want {
		t.Errorf("%.60s, %v", got, err)
	}
	for _, v := range []format.Value{
		format.NewValue(format.Int, "x"), format.NewValue(format.Float, ""), format.NewValue(format.Time, "now"),
		format.NewValue(format.Sequence, "["), format.NewValue(format.Mapping, ""), format.NewValue(0xF0, "<<"),
	} {
		if _, err := AppendTyped(nil, v); err == nil {
			t.Errorf("kind %v is accepted", v.Kind())
		}
	}
}

// TestTypedAsPyYAML compares every top-level value with what PyYAML gives a program.
func TestTypedAsPyYAML(t *testing.T) {
	needInterop(t)
	var docs [][]byte
	for _, c := range typedValues {
		docs = append(docs, []byte("k: "+c.text+"\n"))
	}
	docs = append(docs, corpus(t, number(t, "FLASK_VAULT_INTEROP_DOCS", 4000), uint64(number(t, "FLASK_VAULT_INTEROP_SEED", 2)))...)
	var in bytes.Buffer
	var asked [][]byte
	compared := 0
	for _, text := range docs {
		doc, err := Format{}.Parse(text)
		if err != nil {
			continue
		}
		values := map[string]json.RawMessage{}
		d := doc.(*document)
		d.mu.Lock()
		top := d.top()
		d.mu.Unlock()
		if top == nil {
			continue
		}
		for _, name := range top.order {
			v, err := doc.Get(name)
			if err != nil {
				t.Fatalf("%v\n%q", err, text)
			}
			typed, err := AppendTyped(nil, v)
			if err != nil {
				t.Errorf("%s: %v\n%q", name, err, text)
				continue
			}
			values[name] = typed
		}
		if len(values) == 0 {
			continue
		}
		compared += len(values)
		line, err := json.Marshal(map[string]any{"doc": base64.StdEncoding.EncodeToString(text), "values": values})
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
		asked = append(asked, text)
	}
	python := os.Getenv("FLASK_VAULT_PYTHON")
	if python == "" {
		python = "/usr/bin/python3"
	}
	cmd := exec.Command(python, filepath.Join("testdata", "typed.py"))
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("FLASK_VAULT_INTEROP=1, but %s with PyYAML does not run: %v", python, err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	answers := 0
	for ; lines.Scan(); answers++ {
		var wrong []string
		if err := json.Unmarshal(lines.Bytes(), &wrong); err != nil {
			t.Fatal(err)
		}
		for _, w := range wrong {
			t.Errorf("%s\n%q", w, asked[answers])
		}
	}
	if answers != len(asked) || compared < 500 {
		t.Errorf("%d answers for %d documents with %d values", answers, len(asked), compared)
	}
}
