package yaml_test

import (
	"testing"

	"github.com/flask-vault/flask-vault/format/formattest"
	"github.com/flask-vault/flask-vault/format/yaml"
)

func TestConformance(t *testing.T) {
	formattest.Run(t, yaml.Format{},
		formattest.Sample{Name: "flat", Text: "# top\ndb.user: root\ndb.password: 'old' # keep\n\nport: 0123\n# end\n"},
		formattest.Sample{Name: "no final newline", Text: "a: b\nc: d"},
		formattest.Sample{Name: "one key", Text: "a: b\n"},
		formattest.Sample{Name: "crlf", Text: "\ufeff# top\r\na: b\r\nc:\r\n  d: e\r\n  f: |\r\n    g\r\n    h\r\n"},
		formattest.Sample{Name: "cr", Text: "a: b\rc: d\r"},
		formattest.Sample{Name: "comments", Text: "# nothing here\n\n# but comments\n"},
		formattest.Sample{Name: "comment without newline", Text: "# nothing here"},
		formattest.Sample{Name: "start line", Text: "---\n"},
		formattest.Sample{Name: "start line alone", Text: "---"},
		formattest.Sample{Name: "start and end", Text: "%YAML 1.1\n---\na: b\n...\n"},
		formattest.Sample{Name: "start and end without values", Text: "---\n# c\n...\n# d\n"},
		formattest.Sample{Name: "nested", Text: "db:\n  password: x # old\n  # inside\n  user:   y\n\nmail: {host: h, 'port': 25, tls: yes}\nlist: [a, b]\n"},
		formattest.Sample{Name: "value below", Text: "a:\n  plain\n  folded\nb:\n\n  'single\n\n  quoted' # c\nc: \"double\n  quoted\"\nd: >\n  folded\n  block\n\ne: end\n"},
		formattest.Sample{Name: "blocks", Text: "a: | # comment\n  one\n  two\nb: |+\n  keep\n\n\nc: >-\n  folded\n  text\nd: |2\n    deep\n"},
		formattest.Sample{Name: "block without newline", Text: "a: x\n# about b\nb: |\n  one\n  two"},
		formattest.Sample{Name: "only a block without newline", Text: "b: |\n  one\n  two"},
		formattest.Sample{Name: "kept lines at the end", Text: "a:\n  b: |+\n    one\n\n\nc: |+\n  two\n\n"},
		formattest.Sample{Name: "spaces at the end", Text: "a: b\n  "},
		formattest.Sample{Name: "json", Text: "{\n \"a\": \"b\",\n \"n\": 5210,\n \"o\": {\"p\": true, \"q\": {}},\n \"l\": [1, 2]\n}"},
		formattest.Sample{Name: "json on a line", Text: `{"a":"b","c":1}`},
		formattest.Sample{Name: "empty json", Text: "{}\n"},
		formattest.Sample{Name: "flow", Text: "{a: b, c : d ,e: [f], # comment\n  g: h # last\n}\n"},
		formattest.Sample{Name: "flow lines", Text: "{\n  a: b, # one\n  c: d, # two\n}\n"},
		formattest.Sample{Name: "flow bracket", Text: "k: {\n  a: b,\n  c: d}\n"},
		formattest.Sample{Name: "nested empty", Text: "a: {}\nb: { }\nc: {\n}\n"},
		formattest.Sample{Name: "tags", Text: "a: !!str 198\nb: !!int '51'\nc: !!binary aGVsbG8=\nd: ! x\ne: !!float 3\n"},
		formattest.Sample{Name: "explicit keys", Text: "? a\n: b\n? c\n:\n  d: e\n? 'f g'\n: - h\n"},
		formattest.Sample{Name: "duplicates", Text: "a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n"},
		formattest.Sample{Name: "quoted keys", Text: "\"a.b\": c\n'd e': f\n\"\": empty\n'on': off\n"},
		formattest.Sample{Name: "indented", Text: "  a: b\n  c:\n      d: e\n      f: g\n"},
		formattest.Sample{Name: "touching comments", Text: "a: \"b\"#c\nd: {e: f}#g\n"},
		formattest.Sample{Name: "unicode", Text: "ключ: значение # комментарий\nключ2: {а: б}\n"},
	)
}
