package yaml

import (
	"bytes"
	"strings"
	"unicode/utf8"

	yamllib "go.yaml.in/yaml/v4"
)

// The checks of this file need to know where the nodes stand. Few documents
// need them.

func isBlock(n *node) bool {
	return n != nil && n.Kind == yamllib.ScalarNode && n.Style&(yamllib.LiteralStyle|yamllib.FoldedStyle) != 0
}

// checkStart refuses a document that ends before it starts.
func checkStart(text []byte) error {
	l := layout{text: text}
	i := l.skipSpace(startOfText(text))
	atStart := i == startOfText(text) || i > 0 && (text[i-1] == '\n' || text[i-1] == '\r')
	if atStart && bytes.HasPrefix(text[i:], []byte("...")) && (len(text) == i+3 || blankAt(text[i+3:]) > 0) {
		return errorAt(text, i, "a line of ... ends a document, and none has started")
	}
	return nil
}

// checkKeys refuses keys that YAML 1.1 has only behind a question mark: an empty
// one, one whose colon stands on another line, and one too long.
func (l *layout) checkKeys(keys []*node) error {
	for _, key := range keys {
		if _, explicit := l.mark[key]; explicit {
			continue
		}
		e := l.at[key]
		colon, hasColon := l.colon[key]
		switch {
		case e.start == e.end:
			return errorAt(l.text, max(e.start, colon), "a name is missing before the colon")
		case !hasColon:
		case l.startOfLine(colon) != l.startOfLine(e.start):
			return errorAt(l.text, e.start, "the colon has to stand on the line where the name starts")
		case utf8.RuneCount(l.text[e.start:colon]) > 1024:
			return errorAt(l.text, e.start, "a name longer than 1024 characters needs a question mark before it")
		}
	}
	return nil
}

// lastNode returns the node that ends last, or nil.
func lastNode(n *node) *node {
	for n != nil && len(n.Content) > 0 {
		n = n.Content[len(n.Content)-1]
	}
	return n
}

// correctLast drops the line break that the parser adds to a block scalar if the
// text ends in a line of spaces without a line break, which PyYAML does not: it
// adds one if the spaces are text of the scalar, or if the scalar keeps its
// empty lines.
func (l *layout) correctLast(n *node) {
	e := l.at[n]
	line := l.startOfLine(len(l.text))
	if len(bytes.Trim(l.text[line:], " ")) > 0 || line <= e.body {
		return
	}
	header := l.text[e.body:l.endOfLine(e.body)]
	if hash := bytes.IndexByte(header, '#'); hash >= 0 {
		header = header[:hash]
	}
	if e.end == len(l.text) || bytes.IndexByte(header, '+') >= 0 {
		n.Value = strings.TrimSuffix(n.Value, "\n")
	}
}

// checkTop refuses text that is not indented below a block scalar that is the
// whole document.
func (l *layout) checkTop(root *node) error {
	if !isBlock(root) {
		return nil
	}
	e := l.at[root]
	if e.end != l.endOfLine(e.body) {
		return nil // it has indented text
	}
	for i := e.end; i < len(l.text); i++ {
		if c := l.text[i]; c != ' ' && breakAt(l.text, i) == 0 {
			return errorAt(l.text, i, "the text of a block has to be indented")
		}
	}
	return nil
}

// checkTabs refuses a tab that stands neither in quotes nor in a block scalar
// nor in a comment, as PyYAML does.
func (l *layout) checkTabs() error {
	if bytes.IndexByte(l.text, '\t') < 0 {
		return nil
	}
	i := 0
	for _, n := range l.order {
		e := l.at[n]
		body := e.body
		if n.Style&(yamllib.LiteralStyle|yamllib.FoldedStyle) != 0 {
			body = l.endOfLine(body)
		}
		if tab := l.tab(i, body); tab >= 0 {
			return errorAt(l.text, tab, tabMessage(l.text, tab))
		}
		if n.Style&quoted == 0 {
			if tab := bytes.IndexByte(l.text[e.body:e.end], '\t'); tab >= 0 {
				return errorAt(l.text, e.body+tab, tabMessage(l.text, e.body+tab))
			}
		}
		i = max(i, e.end)
	}
	if tab := l.tab(i, len(l.text)); tab >= 0 {
		return errorAt(l.text, tab, tabMessage(l.text, tab))
	}
	return nil
}

// tab finds the first tab outside of comments between two offsets, or -1.
func (l *layout) tab(i, end int) int {
	for ; i < end; i++ {
		switch l.text[i] {
		case '\t':
			return i
		case '#':
			i = l.endOfLine(i)
		}
	}
	return -1
}
