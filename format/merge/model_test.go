package merge

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// entryModel is a key of a document that the tests make: a value, or a mapping.
type entryModel struct {
	name  string
	above string // text of the comment above, "" for none
	right string // text of the comment behind, "" for none
	blank bool   // an empty line above
	value int    // which of the values of the style
	style int    // of a mapping: how it is written
	isMap bool
	kids  []*entryModel
}

func (e *entryModel) clone() *entryModel {
	c := *e
	c.kids = nil
	for _, k := range e.kids {
		c.kids = append(c.kids, k.clone())
	}
	return &c
}

// find returns the mapping that a path leads to, and the index of its last part
// there, or -1.
func (e *entryModel) find(path []string) (*entryModel, int) {
	for {
		i := slices.IndexFunc(e.kids, func(k *entryModel) bool { return k.name == path[0] })
		if len(path) == 1 || i < 0 {
			return e, i
		}
		e, path = e.kids[i], path[1:]
	}
}

// paths lists the paths of all keys below e.
func (e *entryModel) paths() [][]string {
	var all [][]string
	for _, k := range e.kids {
		all = append(all, []string{k.name})
		for _, p := range k.paths() {
			all = append(all, append([]string{k.name}, p...))
		}
	}
	return all
}

// names makes names and comments, each once.
type names struct{ n int }

func (n *names) next(word string) string { n.n++; return fmt.Sprintf("%s%d", word, n.n) }

func (n *names) key(t *rapid.T, flat bool) string {
	key := n.next("k")
	if !flat {
		key += rapid.SampledFrom([]string{"", "", "", ".x", " y", "-", "é"}).Draw(t, "odd")
	}
	return key
}

// entry draws a key.
func (n *names) entry(t *rapid.T, depth int, flat bool) *entryModel {
	e := &entryModel{name: n.key(t, flat), value: rapid.IntRange(0, 99).Draw(t, "value"), style: rapid.IntRange(0, 99).Draw(t, "style")}
	n.comment(t, e)
	if depth > 0 && !flat && rapid.IntRange(0, 2).Draw(t, "map") == 0 {
		e.isMap = true
		for range rapid.IntRange(0, 3).Draw(t, "kids") {
			e.kids = append(e.kids, n.entry(t, depth-1, flat))
		}
	}
	return e
}

func (n *names) comment(t *rapid.T, e *entryModel) {
	e.above, e.right = "", ""
	if rapid.IntRange(0, 2).Draw(t, "above") == 0 {
		e.above = n.next("above")
	}
	if rapid.IntRange(0, 3).Draw(t, "right") == 0 {
		e.right = n.next("right")
	}
	e.blank = rapid.IntRange(0, 3).Draw(t, "blank") == 0
}

func (n *names) document(t *rapid.T, flat bool) *entryModel {
	top := &entryModel{isMap: true}
	if rapid.Bool().Draw(t, "head") {
		top.above = n.next("head")
	}
	for range rapid.IntRange(0, 6).Draw(t, "keys") {
		top.kids = append(top.kids, n.entry(t, 2, flat))
	}
	return top
}

// editModel is a change of one key.
type editModel struct {
	kind string // add, change, comment, delete, move
	path []string
	at   int
	add  *entryModel
	to   *entryModel // value and comments
}

func (d editModel) apply(top *entryModel) {
	in, i := top.find(d.path)
	switch d.kind {
	case "add":
		at := min(d.at, len(in.kids))
		in.kids = slices.Insert(in.kids, at, d.add.clone())
	case "change":
		in.kids[i].value = d.to.value
	case "comment":
		in.kids[i].above, in.kids[i].right, in.kids[i].blank = d.to.above, d.to.right, d.to.blank
	case "delete":
		in.kids = slices.Delete(in.kids, i, i+1)
	case "move":
		e := in.kids[i]
		in.kids = slices.Delete(in.kids, i, i+1)
		in.kids = slices.Insert(in.kids, min(d.at, len(in.kids)), e)
	}
}

// touches says whether one path is the other, or leads to it.
func touches(a, b []string) bool {
	n := min(len(a), len(b))
	return slices.Equal(a[:n], b[:n])
}

// edits draws changes of keys that none of the other side's edits touches.
func (n *names) edits(t *rapid.T, base *entryModel, others []editModel, flat bool) []editModel {
	var all []editModel
	now := base.clone()
	for range rapid.IntRange(0, 5).Draw(t, "edits") {
		kind := rapid.SampledFrom([]string{"add", "add", "change", "comment", "delete", "move"}).Draw(t, "kind")
		d := editModel{kind: kind, at: rapid.IntRange(0, 6).Draw(t, "at")}
		paths := now.paths()
		if kind == "add" {
			var into []string
			if len(paths) > 0 && rapid.Bool().Draw(t, "nested") {
				into = rapid.SampledFrom(paths).Draw(t, "into")
				if in, i := now.find(into); !in.kids[i].isMap {
					into = into[:len(into)-1]
				}
			}
			d.add = n.entry(t, max(0, 1-len(into)), flat)
			d.path = append(slices.Clone(into), d.add.name)
		} else {
			if len(paths) == 0 {
				continue
			}
			d.path = rapid.SampledFrom(paths).Draw(t, "path")
			in, i := now.find(d.path)
			if kind == "change" && in.kids[i].isMap {
				continue
			}
			d.to = &entryModel{value: (in.kids[i].value + rapid.IntRange(1, 99).Draw(t, "other")) % 100}
			n.comment(t, d.to)
		}
		if slices.ContainsFunc(others, func(o editModel) bool { return touches(o.path, d.path) }) {
			continue
		}
		d.apply(now)
		all = append(all, d)
	}
	return all
}

func applied(base *entryModel, edits ...[]editModel) *entryModel {
	now := base.clone()
	for _, list := range edits {
		for _, d := range list {
			d.apply(now)
		}
	}
	return now
}

// comments lists the comments of all keys.
func (e *entryModel) comments() []string {
	var all []string
	for _, c := range []string{e.above, e.right} {
		if c != "" {
			all = append(all, c)
		}
	}
	for _, k := range e.kids {
		all = append(all, k.comments()...)
	}
	return all
}

func pickOf(values []string, n int) string { return values[n%len(values)] }

// yamlText writes a document in YAML.
func yamlText(top *entryModel) string {
	var b strings.Builder
	if top.above != "" {
		b.WriteString("# " + top.above + "\n\n")
	}
	yamlKids(&b, top, "")
	return b.String()
}

var (
	yamlInline = []string{"plain", "two words", "0123", "1.10", "yes", "~", "'it''s # no comment'", `"\x41\n"`, "2024-01-31", "[1, [2]]", "*!", "22:22"}
	yamlBlocks = []string{"|\n%[1]s  one\n\n%[1]s   two # no comment\n", ">-\n%[1]s  folded\n%[1]s  text\n", "\n%[1]s- a\n%[1]s- b: 1\n%[1]s  c: 2\n", "|2-\n%[1]s   indented\n", "plain\n%[1]s  goes on\n", "\n", "'a\n\n%[1]s  b'\n"}
)

func yamlScalar(n int) string {
	s := pickOf(yamlInline, n)
	if s == "*!" {
		return `"*!"`
	}
	return s
}

func yamlKids(b *strings.Builder, in *entryModel, margin string) {
	for _, e := range in.kids {
		if e.blank {
			b.WriteString("\n")
		}
		if e.above != "" {
			b.WriteString(margin + "# " + e.above + "\n")
		}
		right := "\n"
		if e.right != "" {
			right = " # " + e.right + "\n"
		}
		b.WriteString(margin + e.name + ":")
		switch {
		case e.isMap && len(e.kids) > 0 && e.style%4 == 0:
			b.WriteString(" " + yamlFlow(e) + right)
		case e.isMap && len(e.kids) == 0:
			b.WriteString(" {}" + right)
		case e.isMap:
			b.WriteString(right)
			yamlKids(b, e, margin+"  ")
		case e.value >= 80:
			text := pickOf(yamlBlocks, e.value)
			if text[0] != '\n' {
				text = " " + text
			}
			if strings.Contains(text, "%") {
				text = fmt.Sprintf(text, margin)
			}
			b.WriteString(text)
		default:
			b.WriteString(" " + yamlScalar(e.value) + right)
		}
	}
}

func yamlFlow(in *entryModel) string {
	var parts []string
	for _, e := range in.kids {
		value := yamlScalar(e.value)
		if e.isMap {
			value = yamlFlow(e)
		}
		parts = append(parts, e.name+": "+value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// jsonText writes a document in JSON.
func jsonText(top *entryModel) string {
	if top.value%2 == 1 {
		return jsonObject(top, "", "", " ")
	}
	return jsonObject(top, "\n", "  ", " ") + "\n"
}

var jsonValues = []string{`"text"`, `"\u0041\n"`, "0", "-1.50", "1e3", "true", "null", "[]", `[1, {"a": 2}]`, `""`}

func jsonObject(in *entryModel, newline, margin, space string) string {
	if len(in.kids) == 0 {
		return "{}"
	}
	var parts []string
	for _, e := range in.kids {
		value := pickOf(jsonValues, e.value)
		if e.isMap && e.style%3 == 0 {
			value = jsonObject(e, "", "", "")
		} else if e.isMap {
			value = jsonObject(e, newline, margin+"  ", space)
		}
		parts = append(parts, newline+margin+`"`+e.name+`":`+space+value)
	}
	return "{" + strings.Join(parts, ",") + newline + strings.TrimSuffix(margin, "  ") + "}"
}

// envText writes a .env document.
func envText(top *entryModel) string {
	var b strings.Builder
	if top.above != "" {
		b.WriteString("# " + top.above + "\n\n")
	}
	for _, e := range top.kids {
		if e.blank {
			b.WriteString("\n")
		}
		if e.above != "" {
			b.WriteString("# " + e.above + "\n")
		}
		b.WriteString(strings.ReplaceAll(e.name, " ", "_") + pickOf([]string{"=plain", "=0123", "='it # no comment'", "=\"two\nlines\"", "=", " = spaced", "", "=`back`"}, e.value))
		if e.right != "" {
			b.WriteString(" # " + e.right)
		}
		b.WriteString("\n")
	}
	return b.String()
}

var tomlInline = []string{`"text"`, "'lite\\ral # no comment'", "0x1F", "1.50", "true", "1979-05-27", "[1, [2]]", `"\u0041"`, "1_000"}

// tomlText writes a document in TOML.
func tomlText(top *entryModel) string {
	var b, sections strings.Builder
	if top.above != "" {
		b.WriteString("# " + top.above + "\n\n")
	}
	tomlKids(&b, &sections, top, "", "")
	return b.String() + sections.String()
}

func tomlKey(name string) string {
	if strings.ContainsAny(name, ". é") {
		return `"` + name + `"`
	}
	return name
}

func tomlKids(b, sections *strings.Builder, in *entryModel, section, prefix string) {
	for _, e := range in.kids {
		out := b
		table := e.isMap && e.style%3 == 0 && prefix == ""
		var own strings.Builder
		if table {
			out = &own
		}
		if e.isMap && !table && e.style%3 == 1 {
			tomlKids(b, sections, e, section, prefix+tomlKey(e.name)+".")
			continue
		}
		if e.blank {
			out.WriteString("\n")
		}
		if e.above != "" {
			out.WriteString("# " + e.above + "\n")
		}
		right := "\n"
		if e.right != "" {
			right = " # " + e.right + "\n"
		}
		key := prefix + tomlKey(e.name)
		switch {
		case table:
			name := section + tomlKey(e.name)
			out.WriteString("[" + name + "]" + right)
			var deeper strings.Builder
			tomlKids(out, &deeper, e, name+".", "")
			sections.WriteString(own.String() + deeper.String())
		case e.isMap:
			out.WriteString(key + " = " + tomlBraces(e) + right)
		case e.value >= 90:
			out.WriteString(key + " = \"\"\"\nmany\n  lines\n\"\"\"" + right)
		case e.value >= 85:
			out.WriteString(key + " = [\n  1, # one\n  2,\n]" + right)
		default:
			out.WriteString(key + " = " + pickOf(tomlInline, e.value) + right)
		}
	}
}

func tomlBraces(in *entryModel) string {
	var parts []string
	for _, e := range in.kids {
		value := pickOf(tomlInline, e.value)
		if e.isMap {
			value = tomlBraces(e)
		}
		parts = append(parts, tomlKey(e.name)+" = "+value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
