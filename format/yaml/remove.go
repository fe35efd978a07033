package yaml

import (
	"slices"

	yamllib "go.yaml.in/yaml/v4"
)

// removals lists ways to remove pairs from a mapping, the best one first. Gone
// has the indices of their keys; up is the pair whose value the mapping is.
func (l *layout) removals(m *node, up entry, gone map[int]bool, isTop bool) [][]splice {
	if m.Style&yamllib.FlowStyle != 0 {
		return [][]splice{l.flowRemoval(m, gone, l.flowRange), l.flowRemoval(m, gone, bareRange)}
	}
	var splices []splice
	if len(gone)*2 == len(m.Content) && !isTop { // it stays a mapping
		splices = append(splices, l.emptyMapping(m, up))
	}
	for i := 0; i < len(m.Content); i += 2 {
		if gone[i] {
			splices = append(splices, l.lineRemoval(m, i))
		}
	}
	ways := [][]splice{splices}
	last := &splices[len(splices)-1]
	if end := len(l.text); last.end == end && l.startOfLine(end) != end && last.start > l.lines[0] {
		// The text ends without a line break; the one before the pair goes as
		// well, unless a value needs it.
		way := slices.Clone(splices)
		way[len(way)-1].start = l.beforeBreak(last.start)
		ways = [][]splice{way, splices}
	}
	// Empty lines below a pair would become part of a value above that keeps the
	// lines at its end.
	return append(ways, l.withBlankLines(splices))
}

// withBlankLines extends removals of lines by the empty lines below them.
func (l *layout) withBlankLines(splices []splice) []splice {
	splices = slices.Clone(splices)
	for i, s := range splices {
		if s.text == "" && l.startOfLine(s.end) == s.end {
			splices[i].end = l.behindBlankLines(s.end)
		}
	}
	return splices
}

// lineRemoval removes a pair of a block mapping with its lines.
func (l *layout) lineRemoval(m *node, i int) splice {
	start, end := l.pairStart(m, i), l.pairEnd(m, i)
	if !l.startsLine(start) { // behind a dash, a colon or a question mark
		if i+2 < len(m.Content) {
			end = l.pairStart(m, i+2)
		}
		return splice{start, end, ""}
	}
	return splice{l.startOfLine(start), l.behindPair(m, i), ""}
}

// beforeBreak returns the offset of the line break that ends right at i.
func (l *layout) beforeBreak(i int) int {
	for n := 3; n >= 1; n-- {
		if i >= n && breakAt(l.text[i-n:i], 0) == n {
			return i - n
		}
	}
	return i
}

// emptyMapping writes {} where a mapping loses its last pair.
func (l *layout) emptyMapping(m *node, up entry) splice {
	at := l.colon[up.key] + 1
	if hasProperties(m) {
		at = l.skipProperties(m, l.at[m].start)
	}
	return splice{at, at, " {}"}
}

// flowRemoval removes pairs of a mapping in braces with their commas. Around
// says what goes with a pair.
func (l *layout) flowRemoval(m *node, gone map[int]bool, around func(start, end int) splice) []splice {
	var splices []splice
	previous := -1 // the last pair that stays
	for i := 0; i < len(m.Content); i += 2 {
		if !gone[i] {
			previous = i
			continue
		}
		start, end := l.pairStart(m, i), l.pairEnd(m, i)
		comma := l.skipSpace(end)
		switch {
		case l.is(comma, ','):
			end = comma + 1
		case previous >= 0: // the last pair: the comma before it goes
			if c := l.skipSpace(l.pairEnd(m, previous)); l.is(c, ',') {
				splices = append(splices, splice{c, c + 1, ""})
			}
		}
		splices = append(splices, around(start, end))
	}
	return splices
}

// flowRange is what to remove for a pair from start to end: its lines if it has
// them for itself, else the pair and the spaces on one side.
func (l *layout) flowRange(start, end int) splice {
	switch {
	case l.startsLine(start) && l.endsLine(end):
		return splice{l.startOfLine(start), l.nextLine(l.endOfLine(end)), ""}
	case l.startsLine(start) && !l.is(end-1, ',') && l.startOfLine(start) > l.lines[0]: // a bracket follows
		return splice{l.beforeBreak(l.startOfLine(start)), end, ""}
	case l.endsLine(end) || !l.is(end-1, ','):
		for start > 0 && l.text[start-1] == ' ' {
			start--
		}
	default:
		for end < len(l.text) && l.text[end] == ' ' {
			end++
		}
	}
	return splice{start, end, ""}
}

// bareRange removes a pair and nothing around it.
func bareRange(start, end int) splice { return splice{start, end, ""} }
