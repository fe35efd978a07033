package json

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/internal/paths"
)

// Messages of path errors.
const (
	msgNoObject = "the document is not an object of names with values"
	msgMapping  = "it is an object; name one of its members"
	msgList     = "it is a list, which can be changed in an editor only"
	msgOther    = "the text around it cannot be changed safely; use an editor"
)

// Set makes value the text at a path. A number, true or false becomes a string.
func (d *document) Set(path, value string) error {
	if !utf8.ValidString(value) {
		return &format.ValueError{Msg: "JSON holds text in UTF-8 only; encode other bytes in base64"}
	}
	if !utf8.ValidString(path) {
		return &format.PathError{Path: strings.ToValidUTF8(path, "?"), Msg: "a name is text in UTF-8"}
	}
	d.mu.Lock()
	steps := d.find(path)
	d.mu.Unlock()
	var text []byte
	switch {
	case steps != nil:
		n := steps[len(steps)-1].Entry.value
		switch n.kind {
		case format.Mapping:
			return &format.PathError{Path: path, Msg: msgMapping}
		case format.Sequence:
			return &format.PathError{Path: path, Msg: msgList}
		}
		text = splice(d.text, n.start, n.end, quote(value))
	case d.root == nil:
		text = append(bytes.TrimRight(d.text, " \t\r\n"), "{\n  "+quote(path)+": "+quote(value)+"\n}\n"...)
	case !d.isObject():
		return &format.PathError{Path: path, Msg: msgNoObject}
	default:
		in, name := d.place(path)
		at, pair := d.newMember(in, name, value)
		text = splice(d.text, at, at, pair)
	}
	next, err := reparse(text)
	if err != nil || !paths.IsText(next, path, value) || !paths.Take(d).Holds(next, paths.Is(path)) {
		return &format.PathError{Path: path, Msg: msgOther}
	}
	d.become(next)
	return nil
}

// Unset removes the member that Get(path) finds, and earlier ones of the same
// name, so that no older value shows up again.
func (d *document) Unset(path string) error {
	d.mu.Lock()
	steps := d.find(path)
	d.mu.Unlock()
	if steps == nil {
		return d.notFound(path)
	}
	last := steps[len(steps)-1]
	text := d.without(last.In.node, last.Name)
	next, err := reparse(text)
	if err != nil || !paths.Take(d).Holds(next, paths.IsOrBelow(path)) {
		return &format.PathError{Path: path, Msg: msgOther}
	}
	d.become(next)
	return nil
}

func reparse(text []byte) (*document, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return newDocument(text, root), nil
}

func (d *document) become(next *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.text, d.root, d.index, d.tree = next.text, next.root, next.index, next.tree
}

// place returns the object that a new value goes into, and its name there.
func (d *document) place(path string) (*node, string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in, name := d.root, path
	paths.Prefixes(path, func(prefix, rest string) bool {
		steps := d.find(prefix)
		if steps == nil || steps[len(steps)-1].Entry.value.kind != format.Mapping {
			return true
		}
		in, name = steps[len(steps)-1].Entry.value, rest
		return false
	})
	return in, name
}

// splice returns a new text with other bytes from start to end.
func splice(text []byte, start, end int, with string) []byte {
	out := make([]byte, 0, len(text)+len(with))
	out = append(out, text[:start]...)
	out = append(out, with...)
	return append(out, text[end:]...)
}

// newMember returns where a new member of an object goes, and its text: like the
// last member, on a line of its own if that has one.
func (d *document) newMember(in *node, name, value string) (int, string) {
	if len(in.members) == 0 {
		pair := quote(name) + ": " + quote(value)
		inside := d.text[in.start+1 : in.end-1]
		if i := bytes.IndexByte(inside, '\n'); i >= 0 {
			pair = d.margin(in.start) + d.indentation() + pair + d.newline()
			return in.start + 1 + i + 1, pair
		}
		return in.start + 1, pair
	}
	last := in.members[len(in.members)-1]
	colon := string(d.text[last.keyEnd:last.value.start])
	if strings.ContainsAny(colon, "\r\n") {
		colon = ": "
	}
	comma := ", "
	switch {
	case d.startsLine(last.keyStart):
		comma = "," + d.newline() + d.margin(last.keyStart)
	case len(in.members) > 1:
		before := in.members[len(in.members)-2]
		comma = string(d.text[before.value.end:last.keyStart])
	case strings.HasSuffix(colon, ":"):
		comma = ","
	}
	return last.value.end, comma + quote(name) + colon + quote(value)
}

// margin is the white space that the line of i starts with.
func (d *document) margin(i int) string {
	line := d.text[d.lineStart(i):]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// lineStart is where the line of i starts, behind a byte order mark.
func (d *document) lineStart(i int) int {
	start := bytes.LastIndexByte(d.text[:i], '\n') + 1
	if start == 0 && bytes.HasPrefix(d.text, byteOrderMark) {
		return len(byteOrderMark)
	}
	return start
}

func (d *document) startsLine(i int) bool {
	start := d.lineStart(i)
	return start > 0 && d.text[start-1] == '\n' && len(bytes.TrimLeft(d.text[start:i], " \t")) == 0
}

// indentation is what the document indents its members by.
func (d *document) indentation() string {
	if len(d.root.members) > 0 {
		if first := d.root.members[0].keyStart; d.startsLine(first) && d.margin(first) != "" {
			return d.margin(first)
		}
	}
	return "  "
}

func (d *document) newline() string {
	if i := bytes.IndexByte(d.text, '\n'); i > 0 && d.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// without returns the text without the members of a name.
func (d *document) without(in *node, name string) []byte {
	var out []byte
	at := 0
	cut := func(start, end int) {
		out = append(out, d.text[at:max(at, start)]...)
		at = max(at, end)
	}
	kept := -1 // index of the last member that stays
	for i, m := range in.members {
		if m.name != name {
			kept = i
		}
	}
	last := in.members[len(in.members)-1]
	for i, m := range in.members[:kept+1] { // up to the next member
		if m.name == name {
			cut(m.keyStart, in.members[i+1].keyStart)
		}
	}
	switch {
	case kept < 0:
		cut(d.allMembers(in.members[0].keyStart, last.value.end))
	case last.name == name: // with the comma before it
		cut(in.members[kept].value.end, last.value.end)
	}
	return append(out, d.text[at:]...)
}

// allMembers is what goes with all members of an object: their lines, if they
// have them for themselves.
func (d *document) allMembers(start, end int) (int, int) {
	rest := d.text[end:]
	blank := len(rest) - len(bytes.TrimLeft(rest, " \t\r"))
	if !d.startsLine(start) || !bytes.HasPrefix(rest[blank:], []byte("\n")) {
		return start, end
	}
	return d.lineStart(start), end + blank + 1
}

// quote writes text in double quotes. What does not show is escaped.
func quote(text string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ', 0x7F <= r && r <= 0xA0, r == 0xAD, 0x2028 <= r && r <= 0x202E, 0x200B <= r && r <= 0x200F, r == 0xFEFF, r == 0xFFFE, r == 0xFFFF:
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[r>>shift&0xF])
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
