package dotenv

import (
	"strings"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
)

// document implements [format.Document].
type document struct {
	text  []byte
	lines []binding
	last  map[string]int // index in lines of the last binding of a name
}

var _ format.Document = (*document)(nil)

func newDocument(text []byte, lines []binding) *document {
	d := &document{text: text, lines: lines, last: make(map[string]int, len(lines))}
	for i, b := range lines {
		d.last[b.name] = i
	}
	return d
}

func (d *document) Get(path string) (format.Value, error) {
	i, ok := d.last[path]
	if !ok {
		return format.Value{}, &format.NotFoundError{Path: path}
	}
	if b := d.lines[i]; !b.null {
		return format.NewValue(format.String, b.value), nil
	}
	return format.NewValue(format.Null, ""), nil
}

func (d *document) Names() []string {
	var names []string
	for i, b := range d.lines {
		if !b.null && d.last[b.name] == i {
			names = append(names, b.name)
		}
	}
	return names
}

func (d *document) Bytes() []byte { return d.text }

// Set makes value the text of a name. The value keeps its kind of quotes if it
// can stand in them.
func (d *document) Set(path, value string) error {
	if err := checkValue(value); err != nil {
		return err
	}
	i, ok := d.last[path]
	if !ok && !isNewName(path) {
		return &format.PathError{Path: strings.ToValidUTF8(path, "?"), Msg: "a name in a .env file has no spaces, quotes, # or ="}
	}
	var quote byte
	if ok {
		quote = d.lines[i].quote
	}
	for _, text := range candidates(value, quote) {
		var next []byte
		if ok {
			next = d.replaced(d.lines[i], text)
		} else {
			next = d.added(path, text)
		}
		if d.become(next, map[string]string{path: value}) {
			return nil
		}
	}
	return &format.ValueError{Msg: "a .env file cannot hold this value here: a backslash before a closing quote does not read back"}
}

// Unset removes all lines of a name, so that no older value shows up again.
func (d *document) Unset(path string) error {
	if _, ok := d.last[path]; !ok {
		return &format.NotFoundError{Path: path}
	}
	var text []byte
	at := 0
	for _, b := range d.lines {
		if b.name != path {
			continue
		}
		start := b.start
		if b.end == len(d.text) && !endsWithBreak(d.text) {
			start = beforeBreak(d.text, start)
		}
		text = append(text, d.text[at:max(at, start)]...)
		at = b.end
	}
	if next := d.changed(append(text, d.text[at:]...), func(name string) bool { return name == path }); next != nil {
		if _, ok := next.last[path]; !ok {
			*d = *next
			return nil
		}
	}
	return &format.PathError{Path: path, Msg: "the text around it cannot be changed safely; use an editor"}
}

// become takes a changed text if it has the values that are wanted, and everything
// else as before.
func (d *document) become(text []byte, want map[string]string) bool {
	next := d.changed(text, func(name string) bool { _, ok := want[name]; return ok })
	if next == nil {
		return false
	}
	for name, value := range want {
		if i, ok := next.last[name]; !ok || next.lines[i].null || next.lines[i].value != value {
			return false
		}
	}
	*d = *next
	return true
}

// changed parses a changed text. It returns nil if other names than these have
// another value than before, or are there or gone.
func (d *document) changed(text []byte, except func(name string) bool) *document {
	lines, err := parse(text)
	if err != nil {
		return nil
	}
	next := newDocument(text, lines)
	for name, i := range d.last {
		j, ok := next.last[name]
		if !except(name) && (!ok || d.lines[i].value != next.lines[j].value || d.lines[i].null != next.lines[j].null) {
			return nil
		}
	}
	for name := range next.last {
		if _, known := d.last[name]; !known && !except(name) {
			return nil
		}
	}
	return next
}

// replaced returns the text with another value in a binding.
func (d *document) replaced(b binding, value string) []byte {
	start, end, value := b.replacement(value)
	out := append([]byte(nil), d.text[:start]...)
	out = append(out, value...)
	return append(out, d.text[end:]...)
}

// replacement says which part of the text becomes what for another value.
func (b binding) replacement(value string) (start, end int, text string) {
	if b.null {
		return b.nameEnd, b.nameEnd, "=" + value
	}
	return b.valueStart, b.valueEnd, value
}

// added returns the text with a new binding at its end.
func (d *document) added(name, value string) []byte {
	line := d.newLine(name, value)
	out := append([]byte(nil), d.text...)
	if len(out) > 0 && string(out) != byteOrderMark && !endsWithBreak(out) {
		return append(out, d.newline()+line...)
	}
	return append(out, line+d.newline()...)
}

// newLine is the line of a new binding, behind export if the last one is.
func (d *document) newLine(name, value string) string {
	line := name + "=" + value
	if n := len(d.lines); n > 0 && d.lines[n-1].exported {
		line = "export " + line
	}
	return line
}

func endsWithBreak(text []byte) bool {
	n := len(text)
	return n == 0 || text[n-1] == '\n' || text[n-1] == '\r'
}

// beforeBreak returns the offset of the line break that ends at i.
func beforeBreak(text []byte, i int) int {
	if i > 0 && text[i-1] == '\n' {
		i--
	}
	if i > 0 && text[i-1] == '\r' {
		i--
	}
	return i
}

// newline returns the line break that the text uses.
func (d *document) newline() string {
	i := strings.IndexAny(string(d.text), "\r\n")
	switch {
	case i < 0 || d.text[i] == '\n':
		return "\n"
	case i+1 < len(d.text) && d.text[i+1] == '\n':
		return "\r\n"
	}
	return "\r"
}

func isNewName(name string) bool {
	if name == "" || name[0] == '\'' || !utf8.ValidString(name) || strings.HasPrefix(name, byteOrderMark) {
		return false
	}
	for _, r := range name {
		if !isName(r) || r == '"' || r == '`' || r < ' ' {
			return false
		}
	}
	return true
}

func checkValue(value string) error {
	switch {
	case !utf8.ValidString(value):
		return &format.ValueError{Msg: "a .env file holds text in UTF-8 only; encode other bytes in base64"}
	case strings.IndexByte(value, 0) >= 0:
		return &format.ValueError{Msg: "a .env file holds no NUL, since no environment does"}
	}
	return nil
}

// candidates lists ways to write a value, the best one first.
func candidates(value string, quote byte) []string {
	var forms []string
	if quote == 0 && isBare(value) {
		forms = append(forms, value)
	}
	single := "'" + value + "'"
	isSingle := !strings.ContainsAny(value, "'\\\r")
	if isSingle && quote != '"' {
		forms = append(forms, single)
	}
	forms = append(forms, `"`+escaper.Replace(value)+`"`)
	if isSingle {
		forms = append(forms, single)
	}
	// What ends in a backslash can stand in no quotes if others follow.
	return append(forms, value)
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", `\r`)

// isBare says whether a value reads the same without quotes, in a shell as well.
func isBare(value string) bool {
	for _, c := range []byte(value) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("_-./:,@%+=", c) >= 0:
		default:
			return false
		}
	}
	return true
}
