package yaml

import (
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// Kinds that YAML 1.1 has beside those of package format. Neither can be a value.
const (
	kindMerge  format.Kind = 0xF0 + iota // <<
	kindEquals                           // =
)

// plainKind says what YAML 1.1 takes a plain scalar for. It follows the
// expressions of the YAML 1.1 type repository as PyYAML has them, and is written
// by hand because compiling expressions would cost every process its start-up.
func plainKind(s string) format.Kind {
	if s == "" {
		return format.Null
	}
	switch s[0] {
	case '~', 'n', 'N', 'y', 'Y', 't', 'T', 'f', 'F', 'o', 'O', '<', '=':
		return wordKind(s)
	case '+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
	default:
		return format.String
	}
	switch {
	case isInt(s):
		return format.Int
	case isFloat(s):
		return format.Float
	case isTimestamp(s):
		return format.Time
	}
	return format.String
}

func wordKind(s string) format.Kind {
	switch s {
	case "~", "null", "Null", "NULL":
		return format.Null
	case "yes", "Yes", "YES", "no", "No", "NO",
		"true", "True", "TRUE", "false", "False", "FALSE",
		"on", "On", "ON", "off", "Off", "OFF":
		return format.Bool
	case "<<":
		return kindMerge
	case "=":
		return kindEquals
	}
	return format.String
}

// isInt: 0b101, 0123, 0x1F, 1_000, 22:22, each with an optional sign.
func isInt(s string) bool {
	s = withoutSign(s)
	if s == "" {
		return false
	}
	if s[0] == '0' {
		switch {
		case len(s) == 1:
			return true
		case s[1] == 'b':
			return len(s) > 2 && all(s[2:], isBinary)
		case s[1] == 'x':
			return len(s) > 2 && all(s[2:], isHex)
		}
		return all(s[1:], isOctal)
	}
	if s[0] == '_' {
		return false
	}
	n := span(s, isDigit)
	return n > 0 && (n == len(s) || sexagesimal(s[n:]) == len(s)-n)
}

// isFloat: 1., 1.5e+3, .5, 22:22.5, .inf, .nan. An exponent needs its sign.
func isFloat(s string) bool {
	unsigned := withoutSign(s)
	switch unsigned {
	case ".inf", ".Inf", ".INF":
		return true
	case ".nan", ".NaN", ".NAN":
		return unsigned == s
	}
	if strings.HasPrefix(s, ".") { // with no sign before it
		rest := s[1:]
		if rest == "" || rest[0] == '_' {
			return false
		}
		n := span(rest, isDigit)
		return n > 0 && isExponent(rest[n:])
	}
	if unsigned == "" || unsigned[0] == '_' {
		return false
	}
	n := span(unsigned, isDigit)
	if n == 0 {
		return false
	}
	rest := unsigned[n:]
	if m := sexagesimal(rest); m > 0 {
		rest = rest[m:]
		return strings.HasPrefix(rest, ".") && all(rest[1:], isDigit)
	}
	if !strings.HasPrefix(rest, ".") {
		return false
	}
	rest = rest[1:]
	return isExponent(rest[span(rest, isDigit):])
}

// isExponent: nothing, or e, a sign and digits.
func isExponent(s string) bool {
	if s == "" {
		return true
	}
	if len(s) < 3 || s[0] != 'e' && s[0] != 'E' || s[1] != '+' && s[1] != '-' {
		return false
	}
	return digits(s[2:]) == len(s)-2
}

// sexagesimal is the length of the groups ":59" that s begins with.
func sexagesimal(s string) int {
	i := 0
	for i < len(s) && s[i] == ':' {
		n := digits(s[i+1:])
		if n == 0 || n > 2 || n == 2 && s[i+1] > '5' {
			break
		}
		i += 1 + n
	}
	return i
}

func isTimestamp(s string) bool {
	_, ok := scanTimestamp(s, true)
	return ok
}

// timestamp is a point in time as it is written.
type timestamp struct {
	year, month, day       int
	hasTime                bool
	hour, minute, second   int
	offsetHour, offsetMins int
}

// valid says whether the calendar has it.
func (t timestamp) valid() bool {
	if t.year == 0 || t.month < 1 || t.month > 12 || t.day < 1 || t.day > daysIn(t.year, t.month) {
		return false
	}
	return t.hour < 24 && t.minute < 60 && t.second < 60 && t.offsetHour*60+t.offsetMins < 24*60
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// scanTimestamp reads 2001-12-14 or 2001-12-14t21:59:43.10-05:00. A date alone
// must have two digits each for month and day if strict is set.
func scanTimestamp(s string, strict bool) (timestamp, bool) {
	var t timestamp
	var n [3]int
	ok := true
	number := func(dst *int, least, most int) int {
		n := digits(s)
		if n < least || n > most {
			ok = false
			return 0
		}
		*dst = 0
		for i := range n {
			*dst = *dst*10 + int(s[i]-'0')
		}
		s = s[n:]
		return n
	}
	skip := func(c byte) {
		if s == "" || s[0] != c {
			ok = false
			return
		}
		s = s[1:]
	}
	n[0] = number(&t.year, 4, 4)
	skip('-')
	n[1] = number(&t.month, 1, 2)
	skip('-')
	n[2] = number(&t.day, 1, 2)
	if !ok {
		return t, false
	}
	if s == "" {
		return t, !strict || n[1] == 2 && n[2] == 2
	}
	t.hasTime = true
	if s[0] == 'T' || s[0] == 't' {
		s = s[1:]
	} else if rest := strings.TrimLeft(s, " \t"); len(rest) < len(s) {
		s = rest
	} else {
		return t, false
	}
	number(&t.hour, 1, 2)
	skip(':')
	number(&t.minute, 2, 2)
	skip(':')
	number(&t.second, 2, 2)
	if !ok {
		return t, false
	}
	if strings.HasPrefix(s, ".") {
		s = s[1+digits(s[1:]):]
	}
	if s == "" {
		return t, true
	}
	s = strings.TrimLeft(s, " \t")
	if s == "Z" {
		return t, true
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return t, false
	}
	s = s[1:]
	number(&t.offsetHour, 1, 2)
	if ok && s != "" {
		skip(':')
		number(&t.offsetMins, 2, 2)
	}
	return t, ok && s == ""
}

func withoutSign(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

// digits is the number of decimal digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// span is the length of the longest prefix of s in a class.
func span(s string, class func(byte) bool) int {
	n := 0
	for n < len(s) && class(s[n]) {
		n++
	}
	return n
}

func all(s string, class func(byte) bool) bool { return span(s, class) == len(s) }

// The classes of digits. All take the underscore that YAML 1.1 allows in numbers.
func isBinary(c byte) bool { return c == '0' || c == '1' || c == '_' }
func isOctal(c byte) bool  { return '0' <= c && c <= '7' || c == '_' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' || c == '_' }
func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == '_'
}
