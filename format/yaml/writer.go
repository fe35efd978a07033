package yaml

import (
	"strings"

	yamllib "go.yaml.in/yaml/v4"
)

// writer writes keys and values for one mapping.
type writer struct {
	newline string
	indent  int  // column of the keys, from 0
	flow    bool // the mapping stands in braces
	json    bool // and is written as JSON is
}

// writer returns the writer for a mapping of the document.
func (l *layout) writer(m *node) writer {
	w := writer{newline: l.newline()}
	if m.Style&yamllib.FlowStyle == 0 {
		w.indent = l.columnOf(l.at[m].body)
		return w
	}
	w.flow = true
	switch {
	case len(m.Content) > 0:
		w.json = isDoubleQuoted(m.Content[0])
	case l.root == m:
		w.json = true
	case l.root.Style&yamllib.FlowStyle != 0 && len(l.root.Content) > 0:
		w.json = isDoubleQuoted(l.root.Content[0])
	}
	return w
}

func isDoubleQuoted(n *node) bool { return n.Style&yamllib.DoubleQuotedStyle != 0 }

// newline returns the line break that the text uses.
func (l *layout) newline() string {
	if l.lineBreak == "" {
		l.lineBreak = l.firstBreak()
	}
	return l.lineBreak
}

func (l *layout) firstBreak() string {
	for i := range l.text {
		switch breakAt(l.text, i) {
		case 1:
			return string(l.text[i])
		case 2:
			if l.text[i] == '\r' {
				return "\r\n"
			}
		}
	}
	return "\n"
}

// scalar is the text of a value: what stands on the line of its key, and the
// lines below it.
type scalar struct {
	inline string
	below  string // each line with a line break before it
}

// candidates lists ways to write a value, the best one first. Old is the value
// that it replaces and key its key; both are nil for a new one.
func (w writer) candidates(value string, key, old *node) []scalar {
	var forms []scalar
	var style yamllib.Style
	if old != nil && old.Kind == yamllib.ScalarNode {
		style = old.Style
	}
	if w.flow {
		if w.json || style&yamllib.DoubleQuotedStyle != 0 || key != nil && isDoubleQuoted(key) {
			return []scalar{{inline: quote(value)}}
		}
	} else if header, lines, ok := asBlock(value); ok {
		margin := w.newline + strings.Repeat(" ", w.indent+2)
		var below strings.Builder
		for _, line := range lines {
			if line == "" {
				below.WriteString(w.newline)
				continue
			}
			below.WriteString(margin)
			below.WriteString(line)
		}
		forms = append(forms, scalar{inline: header, below: below.String()})
	}
	switch {
	case style&yamllib.DoubleQuotedStyle != 0:
	case style&yamllib.SingleQuotedStyle != 0:
		if text, ok := quoteSingle(value); ok {
			forms = append(forms, scalar{inline: text})
		}
	case isSafePlain(value, w.flow):
		forms = append(forms, scalar{inline: value})
	}
	return append(forms, scalar{inline: quote(value)})
}

// pair writes a key and its value, the key without indentation.
func (w writer) pair(name string, value scalar) string {
	key := quote(name)
	if !w.json {
		key = writeString(name, w.flow)
	}
	return key + ": " + value.inline + value.below
}
