package yaml

import (
	"bytes"
	"strings"
)

// spot is where a new pair can go.
type spot struct {
	index         int // of the key in the mapping's Content
	offset        int
	before, after string
	comma         int // where a comma has to be added, or -1
}

func (s spot) insert(pair string) []splice {
	splices := []splice{{s.offset, s.offset, s.before + pair + s.after}}
	if s.comma >= 0 {
		splices = append([]splice{{s.comma, s.comma, ","}}, splices...)
	}
	return splices
}

// spots lists where a new pair of a mapping can go, the best one first.
func (l *layout) spots(m *node, isTop bool, w writer) []spot {
	if w.flow {
		return l.flowSpots(m, w)
	}
	last := len(m.Content) - 2
	var end int
	if isTop {
		end = l.endOfDocument(l.pairEnd(m, last))
	} else {
		end = l.behindPair(m, last)
	}
	spots := []spot{l.lineSpot(end, w.indent, w)}
	spots[0].index = last + 2
	// The last value may be one that ends with the text and has no line break
	// there; a line below it would change it.
	if start, ok := l.abovePair(m, last); ok {
		above := l.lineSpot(start, w.indent, w)
		above.index = last
		spots = append(spots, above)
	}
	return spots
}

// lineSpot is a line of its own at an offset, which is the start of a line or
// the end of the text.
func (l *layout) lineSpot(offset, indent int, w writer) spot {
	s := spot{offset: offset, before: strings.Repeat(" ", indent), comma: -1}
	if l.startOfLine(offset) == offset {
		s.after = w.newline
	} else {
		s.before = w.newline + s.before
	}
	return s
}

// endOfDocument returns where a line can be added at the end of the document
// whose values end at i: before the line of dots that ends it, else at the end
// of the text.
func (l *layout) endOfDocument(i int) int {
	for {
		i = l.skipSpace(i)
		switch {
		case bytes.HasPrefix(l.text[i:], []byte("%")):
			i = l.endOfLine(i)
			continue
		case bytes.HasPrefix(l.text[i:], []byte("---")):
			i += 3
			continue
		case bytes.HasPrefix(l.text[i:], []byte("...")):
			return i
		}
		break
	}
	if start := l.startOfLine(len(l.text)); len(bytes.Trim(l.text[start:], " ")) == 0 {
		return start
	}
	return len(l.text)
}

// pairStart returns the offset of a pair, whose key is at index i.
func (l *layout) pairStart(m *node, i int) int {
	if q, ok := l.mark[m.Content[i]]; ok {
		return q
	}
	return l.at[m.Content[i]].start
}

// pairEnd returns the offset behind a pair, without the last line break.
func (l *layout) pairEnd(m *node, i int) int {
	key, value := m.Content[i], m.Content[i+1]
	end := max(l.at[key].end, l.at[value].end)
	if colon, ok := l.colon[key]; ok {
		end = max(end, colon+1)
	}
	return end
}

// behindPair returns the start of the line below a pair of a block mapping, or
// the end of the text. Empty lines that are part of the value stay with it.
func (l *layout) behindPair(m *node, i int) int {
	end := l.nextLine(l.endOfLine(l.pairEnd(m, i)))
	last := lastNode(m.Content[i+1])
	if !isBlock(last) || !l.keepsLines(last) {
		return end
	}
	return l.behindBlankLines(end)
}

// behindBlankLines returns the start of the first line from i on that has text.
func (l *layout) behindBlankLines(i int) int {
	for i < len(l.text) {
		next := l.endOfLine(i)
		if !l.isBlank(i, next) || next == len(l.text) {
			break
		}
		i = l.nextLine(next)
	}
	return i
}

// keepsLines says whether a block scalar keeps the empty lines at its end.
func (l *layout) keepsLines(n *node) bool {
	body := l.at[n].body
	return bytes.IndexByte(l.text[body:l.headerEnd(body)], '+') >= 0
}

// headerEnd returns the offset behind the indicators of a block scalar.
func (l *layout) headerEnd(body int) int {
	i := body + 1
	for i < len(l.text) && bytes.IndexByte([]byte("+-123456789"), l.text[i]) >= 0 {
		i++
	}
	return i
}

// abovePair returns the start of the line where a pair of a block mapping
// starts, or of the comment above it. It fails if the pair does not start a line.
func (l *layout) abovePair(m *node, i int) (int, bool) {
	start := l.pairStart(m, i)
	line := l.startOfLine(start)
	if !l.isBlank(line, start) {
		return 0, false
	}
	if i == 0 {
		return line, true
	}
	least := l.nextLine(l.endOfLine(l.pairEnd(m, i-2)))
	for line > least {
		above := l.startOfLine(line - 1)
		if above < least || !bytes.HasPrefix(bytes.TrimLeft(l.text[above:line], " "), []byte("#")) {
			break
		}
		line = above
	}
	return line, true
}

// isBlank says whether only spaces stand between two offsets.
func (l *layout) isBlank(start, end int) bool {
	return len(bytes.Trim(l.text[start:end], " ")) == 0
}

// startsLine says whether only spaces stand before an offset on its line.
func (l *layout) startsLine(i int) bool { return l.isBlank(l.startOfLine(i), i) }

// endsLine says whether only spaces and a comment stand behind an offset on its
// line.
func (l *layout) endsLine(i int) bool {
	for i < len(l.text) && l.text[i] == ' ' {
		i++
	}
	return i == len(l.text) || l.text[i] == '#' || breakAt(l.text, i) > 0
}

// flowSpots are behind the last pair of a mapping in braces: on a line of its
// own if the last pair has one, else on the same line.
func (l *layout) flowSpots(m *node, w writer) []spot {
	if len(m.Content) == 0 {
		return []spot{{offset: l.at[m].body + 1, comma: -1}}
	}
	last := len(m.Content) - 2
	start, end := l.pairStart(m, last), l.pairEnd(m, last)
	inline := spot{index: last + 2, offset: end, before: ", ", comma: -1}
	if !l.startsLine(start) {
		return []spot{inline}
	}
	line := inline
	margin := w.newline + string(l.text[l.startOfLine(start):start])
	comma := l.skipSpace(end)
	switch {
	case l.is(comma, ',') && l.endsLine(comma+1):
		line.offset, line.before, line.after = l.endOfLine(comma), margin, ","
	case !l.is(comma, ',') && l.endsLine(end):
		line.offset, line.before, line.comma = l.endOfLine(end), margin, end
	default:
		line.before = "," + margin
	}
	return []spot{line, inline}
}

// replacement lists the splices that put text in place of the value of f.
func (l *layout) replacement(f found, text scalar, w writer) []splice {
	e := l.at[f.value]
	colon, hasColon := l.colon[f.key]
	inline := text.inline
	if f.value.Anchor != "" {
		inline = "&" + f.value.Anchor + " " + inline
	}
	below := splice{text: text.below}
	var here splice
	switch {
	case e.start == e.end && hasColon:
		here = splice{colon + 1, colon + 1, " " + inline}
		below.start = l.endOfLine(colon)
	case e.start == e.end && w.flow:
		here = splice{e.end, e.end, ": " + inline}
		below.start = e.end
	case e.start == e.end:
		end := l.endOfLine(e.end)
		here = splice{end, end, w.newline + strings.Repeat(" ", w.indent) + ": " + inline}
		below.start = end
	case isBlock(f.value):
		here = splice{e.start, l.headerEnd(e.body), inline}
		below.start, below.end = l.endOfLine(e.body), e.end
	default:
		here = splice{e.start, e.end, inline}
		below.start = e.end
		if text.below != "" {
			below.start = l.endOfLine(e.end)
		}
	}
	below.end = max(below.start, below.end)
	if below.end == len(l.text) && text.inline == "|" {
		below.text += w.newline // a line break ends the value, so one has to be there
	}
	return []splice{here, below}
}
