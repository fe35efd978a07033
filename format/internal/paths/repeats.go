package paths

import "github.com/flask-vault/flask-vault/format"

// Lines collects on which lines one mapping has each name. Its zero value is ready.
type Lines struct {
	order []string
	at    map[string][]int
}

// Add notes that a name is written on a line.
func (l *Lines) Add(name string, line int) {
	if l.at == nil {
		l.at = make(map[string][]int)
	}
	if l.at[name] == nil {
		l.order = append(l.order, name)
	}
	l.at[name] = append(l.at[name], line)
}

// Repeats lists the names that were added more than once, each behind prefix.
func (l *Lines) Repeats(prefix string) []format.Repeat {
	var repeats []format.Repeat
	for _, name := range l.order {
		if lines := l.at[name]; len(lines) > 1 {
			repeats = append(repeats, format.Repeat{Path: prefix + name, Lines: lines})
		}
	}
	return repeats
}
