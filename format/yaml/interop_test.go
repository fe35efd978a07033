package yaml

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// verdict is what PyYAML says of a document.
type verdict struct {
	OK    bool   `json:"ok"`
	Value any    `json:"value"`
	Error string `json:"error"`
}

// needInterop skips a test if nobody asked for interoperability tests.
func needInterop(t *testing.T) {
	t.Helper()
	if os.Getenv("FLASK_VAULT_INTEROP") != "1" {
		t.Skip("set FLASK_VAULT_INTEROP=1 to compare with PyYAML (python3-yaml)")
	}
}

// pyyaml asks PyYAML about documents, and fails the test if it is missing.
func pyyaml(t *testing.T, docs [][]byte) []verdict {
	t.Helper()
	python := os.Getenv("FLASK_VAULT_PYTHON")
	if python == "" {
		python = "/usr/bin/python3"
	}
	var in, out, stderr bytes.Buffer
	for _, doc := range docs {
		in.WriteString(base64.StdEncoding.EncodeToString(doc))
		in.WriteByte('\n')
	}
	cmd := exec.Command(python, filepath.Join("testdata", "pyyaml.py"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("FLASK_VAULT_INTEROP=1, but %s with PyYAML does not run: %v\n%s", python, err, stderr.Bytes())
	}
	var verdicts []verdict
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, v)
	}
	if len(verdicts) != len(docs) {
		t.Fatalf("%d answers for %d documents", len(verdicts), len(docs))
	}
	return verdicts
}

// soup makes a document of random pieces of YAML, most of which are wrong.
func soup(r *rand.Rand) []byte {
	pieces := []string{
		"a", "b", "c: ", "d:", ": ", ":", "- ", "-", "? ", "?", "\n", "\n", "\n", "  ", " ", "\n  ", "\n ", "\n- ",
		"\t", "#", " # c", "'", "'x'", "\"", "\"y\"", "\"\\n\"", "[", "]", "{", "}", ",", ", ", "&a ", "*a", "*a ",
		"!!str ", "!!int ", "!x ", "! ", "!!set ", "!!omap ", "!!binary ", "|", ">", "|-\n", "|2\n", "|+\n  k\n",
		"---", "--- ", "...", "%YAML 1.1\n", "é", "\u2028", "\u0085", "=", "<<: ", "0123", "yes", "~", "1.5", "2023-02-30",
		"2023-02-03", "\r\n", "\r", "\\", "\ufeff", "k: v\n", "m:\n  n: o\n", "l:\n- p\n", "1:30", ".", "/", "@", "%", "`", "x\ny",
		"{a: b}", "[c, d]", "{", "}", "[", "]", "? [", "\"a\": ", "'b' : ", "\n: ", "- k: ", "  - ", "|\n   t\n  u\n", ">\n s\n\n s\n", "&b ", "*b",
		"\n\n", "\n#c\n", "<<", "<<: *a", ": |\n", " |\n", "\n k: ", "\n  k: ", "?", "!", "!!float 1", "!<tag:yaml.org,2002:str> ", "\\\n", "''", "\"\"",
	}
	var b strings.Builder
	if r.IntN(3) > 0 {
		b.WriteString("k: ")
	}
	for range 1 + r.IntN(9) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return []byte(b.String())
}

// mutated changes a few bytes of a document.
func mutated(r *rand.Rand, doc []byte) []byte {
	doc = bytes.Clone(doc)
	if len(doc) > 400 { // a part of it, from a line's start
		start := r.IntN(len(doc) - 300)
		start += bytes.IndexByte(doc[start:], '\n') + 1
		doc = doc[start:min(start+300, len(doc))]
	}
	for range 1 + r.IntN(3) {
		if len(doc) < 2 {
			break
		}
		i := r.IntN(len(doc))
		const bytesOfYAML = " \t\n:-#'\"[]{},&*!|>?=%@x0\\."
		c := bytesOfYAML[r.IntN(len(bytesOfYAML))]
		switch r.IntN(3) {
		case 0:
			doc[i] = c
		case 1:
			doc = append(doc[:i], doc[i+1:]...)
		default:
			doc = append(doc[:i], append([]byte{c}, doc[i:]...)...)
		}
	}
	return doc
}

func corpus(t *testing.T, n int, seed uint64) [][]byte {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var docs, bases [][]byte
	for _, kind := range []string{"vaults", "broken"} {
		for _, dir := range vectorDirs(t, kind) {
			text, _ := readVector(t, dir)
			bases = append(bases, text)
		}
	}
	docs = append(append(docs, bases...), Format{}.Template())
	for len(docs) < n {
		docs = append(docs, soup(r), soup(r), mutated(r, bases[r.IntN(len(bases))]))
	}
	return docs
}

func TestAgreesWithPyYAML(t *testing.T) {
	needInterop(t)
	docs := corpus(t, number(t, "FLASK_VAULT_INTEROP_DOCS", 4000), uint64(number(t, "FLASK_VAULT_INTEROP_SEED", 1)))
	verdicts := pyyaml(t, docs)
	accepted, refusedHere := 0, 0
	for i, v := range verdicts {
		doc, err := Format{}.Parse(docs[i])
		switch {
		case err == nil && !v.OK:
			t.Errorf("accepted here, PyYAML: %.200s\n%q", v.Error, docs[i])
		case err != nil && v.OK:
			refusedHere++
		case err == nil:
			accepted++
			if got := canon(index{}, treeOf(doc)); !reflect.DeepEqual(got, v.Value) {
				t.Errorf("means %v, PyYAML: %v\n%q", got, v.Value, docs[i])
			}
		}
	}
	t.Logf("%d documents: %d accepted by both, %d refused here alone", len(docs), accepted, refusedHere)
	if accepted < len(docs)/10 || refusedHere > len(docs)/50 {
		t.Error("too few documents are accepted")
	}
}

// TestPyYAMLReadsEdits: what Set, Unset and Get write is read by PyYAML as it is
// here, every set value as a string.
func TestPyYAMLReadsEdits(t *testing.T) {
	needInterop(t)
	n := number(t, "FLASK_VAULT_INTEROP_DOCS", 4000)
	seed := number(t, "FLASK_VAULT_INTEROP_SEED", 1) * n
	var docs [][]byte
	var want []any
	keep := func(text []byte) {
		root, err := parse(text)
		if err != nil {
			t.Fatalf("%v\n%q", err, text)
		}
		docs = append(docs, text)
		want = append(want, canon(index{}, root))
	}
	documents, values, paths := genDocument(), genValue(), genPath()
	for i := seed; i < seed+n; i++ {
		doc, err := Format{}.Parse([]byte(documents.Example(i)))
		if err != nil {
			continue
		}
		keep(doc.Bytes())
		if root := treeOf(doc); root != nil && len(root.Content) > 0 {
			keep([]byte(value(root).Reveal()))
		}
		for j := range 3 {
			path := paths.Example(i + j)
			if names := doc.Names(); j > 0 && len(names) > 0 {
				path = names[i%len(names)]
			}
			if doc.Set(path, values.Example(i*3+j)) == nil {
				keep(doc.Bytes())
			}
		}
		for _, name := range doc.Names() {
			if doc.Unset(name) == nil {
				keep(doc.Bytes())
			}
		}
	}
	for i, v := range pyyaml(t, docs) {
		if !v.OK || !reflect.DeepEqual(v.Value, want[i]) {
			t.Errorf("PyYAML reads %v %.300s, want %v\n%q", v.Value, v.Error, want[i], docs[i])
		}
	}
	t.Logf("%d documents", len(docs))
}

// number reads a number from the environment.
func number(t *testing.T, name string, without int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return without
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
