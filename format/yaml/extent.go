package yaml

import (
	"unicode/utf8"

	yamllib "go.yaml.in/yaml/v4"
)

// extent is where a node stands in the text, as byte offsets. The parser tells
// only where a node starts.
type extent struct {
	start int // the anchor or tag if the node has one, else as content
	body  int // what follows the anchor and the tag
	end   int // behind the last byte; of a block scalar, without the last line break
}

// layout finds the extents of all nodes of a document.
type layout struct {
	text  []byte
	root  *node
	at    map[*node]extent
	order []*node       // scalars and aliases with text, as they stand
	colon map[*node]int // of a key: the offset of its colon, if it has one
	mark  map[*node]int // of a key: the offset of the question mark before it, if there is one

	// The cursor, which moves forward with the nodes.
	line, column, offset int
	lines                []int // offsets of the lines' starts

	lineBreak string // what newline found, or ""
}

// measure walks the tree, whose nodes must be those of the text.
func measure(text []byte, root *node) *layout {
	l := newLayout(text)
	l.root = root
	if root != nil {
		l.node(root, -1, l.offset)
	}
	return l
}

func newLayout(text []byte) *layout {
	l := &layout{
		text:  text,
		at:    make(map[*node]extent),
		colon: make(map[*node]int),
		mark:  make(map[*node]int),
		lines: []int{startOfText(text)},
	}
	for i := startOfText(text); i < len(text); {
		if n := breakAt(text, i); n > 0 {
			i += n
			l.lines = append(l.lines, i)
			continue
		}
		i++
	}
	l.rewind(1)
	return l
}

func (l *layout) rewind(line int) {
	l.line, l.column, l.offset = line, 1, l.lines[line-1]
}

// position turns the line and column of a node into an offset.
func (l *layout) position(n *node) int { return l.offsetAt(n.Line, n.Column) }

func (l *layout) offsetAt(line, column int) int {
	line = min(max(line, 1), len(l.lines))
	if line != l.line || column < l.column {
		l.rewind(line)
	}
	for l.column < column && l.offset < len(l.text) {
		_, size := utf8.DecodeRune(l.text[l.offset:])
		l.offset += size
		l.column++
	}
	return l.offset
}

// node measures a node and what is in it. Indent is the column, from 0, of the
// block collection around it, and empty where it stands if it has no text.
func (l *layout) node(n *node, indent, empty int) extent {
	var e extent
	isEmpty := n.Kind == yamllib.ScalarNode && n.Value == "" && n.Style&quoted == 0
	switch {
	case isEmpty && !hasProperties(n):
		e = extent{empty, empty, empty}
		l.at[n] = e
		return e
	case isEmpty:
		e.start = l.position(n)
		e.body = l.skipProperties(n, e.start)
		e.end = e.body
	default:
		e.start = l.position(n)
		e.body = e.start
		if hasProperties(n) {
			e.body = l.skipSpace(l.skipProperties(n, e.start))
		}
	}
	switch {
	case isEmpty:
	case n.Kind == yamllib.AliasNode:
		e.end = e.body + 1 + len(n.Value)
	case n.Kind == yamllib.ScalarNode:
		e.end = l.scalarEnd(n, e.body, indent)
	default:
		e.end = l.collection(n, e.body, indent)
	}
	l.at[n] = e
	if n.Kind == yamllib.ScalarNode || n.Kind == yamllib.AliasNode {
		l.order = append(l.order, n)
	}
	return e
}

// collection measures the items and returns the end of the collection.
func (l *layout) collection(n *node, body, indent int) int {
	isFlow := n.Style&yamllib.FlowStyle != 0
	if !isFlow {
		indent = l.columnOf(body)
	}
	end := body
	if hasBrackets := isFlow && (l.is(body, '[') || l.is(body, '{')); hasBrackets {
		end++
	}
	for i := 0; i < len(n.Content); i++ {
		if n.Kind == yamllib.SequenceNode {
			end = l.node(n.Content[i], indent, l.behindDash(end)).end
			continue
		}
		key := n.Content[i]
		i++
		if q := l.questionMark(end, isFlow); q >= 0 {
			l.mark[key] = q
			end = q + 1
		}
		end = l.node(key, indent, end).end
		if c := l.skipSpace(end); l.is(c, ':') {
			l.colon[key] = c
			end = c + 1
		}
		end = l.node(n.Content[i], indent, end).end
	}
	if isFlow && (l.is(body, '[') || l.is(body, '{')) {
		end = l.closing(end)
	}
	return end
}

// questionMark finds the one that makes the next key an explicit one, or -1.
func (l *layout) questionMark(i int, isFlow bool) int {
	i = l.skipSpace(i)
	if isFlow && l.is(i, ',') {
		i = l.skipSpace(i + 1)
	}
	if l.is(i, '?') && (i+1 == len(l.text) || blankAt(l.text[i+1:]) > 0) {
		return i
	}
	return -1
}

// closing returns the offset behind the bracket that closes a flow collection
// whose last item ends at i.
func (l *layout) closing(i int) int {
	for i = l.skipSpace(i); i < len(l.text); i = l.skipSpace(i + 1) {
		if c := l.text[i]; c == ']' || c == '}' {
			return i + 1
		}
	}
	return len(l.text)
}

// behindDash returns the offset behind the next dash that starts a list entry.
func (l *layout) behindDash(i int) int {
	if j := l.skipSpace(i); l.is(j, '-') {
		return j + 1
	}
	return i
}

func (l *layout) is(i int, c byte) bool { return i < len(l.text) && l.text[i] == c }

// hasProperties says whether an anchor or a tag stands before the node.
func hasProperties(n *node) bool {
	return n.Kind != yamllib.AliasNode && (n.Anchor != "" || tagged(n) || n.Tag == "!")
}

// skipProperties returns the offset behind the anchor and the tag at i.
func (l *layout) skipProperties(n *node, i int) int {
	end := i
	for range 2 {
		j := l.skipSpace(end)
		if !l.is(j, '&') && !l.is(j, '!') || l.is(j, '&') && n.Anchor == "" {
			break
		}
		end = j
		for end < len(l.text) && l.text[end] != ' ' && l.text[end] != '\t' && breakAt(l.text, end) == 0 {
			if l.text[j] == '&' && end > j && !isWordByte(l.text[end]) {
				break
			}
			end++
		}
	}
	return end
}

// skipSpace skips white space, line breaks and comments.
func (l *layout) skipSpace(i int) int {
	for i < len(l.text) {
		switch c := l.text[i]; {
		case c == ' ' || c == '\t':
			i++
		case c == '#':
			i = l.endOfLine(i)
		default:
			n := breakAt(l.text, i)
			if n == 0 {
				return i
			}
			i += n
		}
	}
	return i
}

// endOfLine returns the offset of the line break that ends the line of i.
func (l *layout) endOfLine(i int) int {
	for i < len(l.text) && breakAt(l.text, i) == 0 {
		i++
	}
	return i
}

// startOfLine returns the offset where the line of i starts.
func (l *layout) startOfLine(i int) int {
	low, high := 0, len(l.lines)
	for low+1 < high {
		if mid := (low + high) / 2; l.lines[mid] <= i {
			low = mid
		} else {
			high = mid
		}
	}
	return l.lines[low]
}

// columnOf returns the column of an offset in characters, from 0.
func (l *layout) columnOf(i int) int {
	return utf8.RuneCount(l.text[l.startOfLine(i):i])
}

func (l *layout) scalarEnd(n *node, body, indent int) int {
	switch {
	case n.Style&yamllib.DoubleQuotedStyle != 0:
		return l.quotedEnd(body, '"')
	case n.Style&yamllib.SingleQuotedStyle != 0:
		return l.quotedEnd(body, '\'')
	case n.Style&(yamllib.LiteralStyle|yamllib.FoldedStyle) != 0:
		return l.blockEnd(body, indent)
	}
	return l.plainEnd(n.Value, body)
}

func (l *layout) quotedEnd(i int, q byte) int {
	for i++; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == '\\' && q == '"':
			i++
		case c == q && q == '\'' && l.is(i+1, q):
			i++
		case c == q:
			return i + 1
		}
	}
	return len(l.text)
}

// plainEnd follows the value through the text: both hold the same characters
// but for white space, which the parser folds.
func (l *layout) plainEnd(value string, i int) int {
	end := i
	for j := 0; j < len(value); {
		if n := blankAt([]byte(value[j:min(j+3, len(value))])); n > 0 {
			j += n
			continue
		}
		for i < len(l.text) {
			n := blankAt(l.text[i:min(i+3, len(l.text))])
			if n == 0 {
				break
			}
			i += n
		}
		i++
		j++
		end = i
	}
	return end
}

// blankAt is the length of the white space or line break that b begins with.
func blankAt(b []byte) int {
	if b[0] == ' ' || b[0] == '\t' {
		return 1
	}
	return breakAt(b, 0)
}

// blockEnd returns the end of a block scalar, whose indicator stands at body.
func (l *layout) blockEnd(body, indent int) int {
	i := body + 1
	explicit := 0
	for ; i < len(l.text); i++ {
		if c := l.text[i]; '1' <= c && c <= '9' {
			explicit = int(c - '0')
		} else if c != '+' && c != '-' {
			break
		}
	}
	i = l.endOfLine(i)
	end := i
	i = l.nextLine(i)
	least := max(indent+1, 1)
	if explicit > 0 {
		least += explicit - 1
	} else {
		least = max(least, l.blockIndent(i))
	}
	for i < len(l.text) {
		spaces := l.spaces(i, least)
		j := i + spaces
		if j < len(l.text) && breakAt(l.text, j) > 0 { // an empty line
			i = l.nextLine(j)
			continue
		}
		if spaces < least || j == len(l.text) {
			break
		}
		end = l.endOfLine(j)
		i = l.nextLine(end)
	}
	return end
}

// blockIndent is the indentation that a block scalar without a digit has: the
// most spaces of any line up to the first one with text.
func (l *layout) blockIndent(i int) int {
	most := 0
	for i < len(l.text) {
		n := l.spaces(i, len(l.text))
		most = max(most, n)
		i += n
		if i >= len(l.text) || breakAt(l.text, i) == 0 {
			break
		}
		i = l.nextLine(i)
	}
	return most
}

// spaces counts the spaces at i, up to a limit.
func (l *layout) spaces(i, limit int) int {
	n := 0
	for n < limit && i+n < len(l.text) && l.text[i+n] == ' ' {
		n++
	}
	return n
}

// nextLine returns the offset behind the line break at i.
func (l *layout) nextLine(i int) int {
	if i >= len(l.text) {
		return len(l.text)
	}
	return i + breakAt(l.text, i)
}
