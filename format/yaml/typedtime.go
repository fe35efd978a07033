package yaml

import (
	"fmt"
	"strings"
)

// appendTime appends a date, or a time with at most six digits of its fraction
// and the offset that is written.
func appendTime(dst []byte, text string) ([]byte, error) {
	t, ok := scanTimestamp(text, false)
	if !ok {
		return dst, errUntyped
	}
	date := fmt.Sprintf("%04d-%02d-%02d", t.year, t.month, t.day)
	if !t.hasTime {
		return appendObject(dst, "date", date), nil
	}
	clock := fmt.Sprintf("T%02d:%02d:%02d", t.hour, t.minute, t.second)
	// What is behind the seconds: a fraction, then an offset.
	rest := text[strings.LastIndexByte(text[:offsetStart(text)], ':')+3:]
	if strings.HasPrefix(rest, ".") {
		n := digits(rest[1:])
		if fraction := rest[1 : 1+n]; n > 0 {
			clock += "." + (fraction + "000000")[:6]
		}
		rest = rest[1+n:]
	}
	switch rest = strings.TrimLeft(rest, " \t"); {
	case rest == "Z":
		clock += "+00:00"
	case rest != "":
		clock += fmt.Sprintf("%c%02d:%02d", rest[0], t.offsetHour, t.offsetMins)
	}
	return appendObject(dst, "datetime", date+clock), nil
}

// offsetStart is where the offset of a time begins, or its length. The date in
// front has hyphens, too.
func offsetStart(text string) int {
	colon := strings.IndexByte(text, ':')
	if i := strings.IndexAny(text[colon:], "+-"); i >= 0 {
		return colon + i
	}
	return len(text)
}
