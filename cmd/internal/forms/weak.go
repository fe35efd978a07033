package forms

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	minLength = 8  // characters
	minNumber = 10 // digits of a number that is no date, port or count
	minWord   = 12 // letters of a word that is not in everybody's texts
	minBits   = 18 // of entropy, by how often each byte comes
)

// Weak says why a value is not looked for in files, where it would be found
// without having leaked; "" for a value that is looked for.
func Weak(value string) string {
	v := strings.TrimSpace(value)
	switch {
	case utf8.RuneCountInString(v) < minLength:
		return "it has less than 8 characters"
	case !Worth(v):
		return "it is a common word or number"
	case isNumber(v):
		return "it is a number, a date or an address"
	case isWord(v) && utf8.RuneCountInString(v) < minWord:
		return "it is a single word"
	case bits(v) < minBits:
		return "it repeats itself"
	}
	return ""
}

// isNumber reports whether v is a number of few digits, or several numbers with
// points, colons or dashes between.
func isNumber(v string) bool {
	digits := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, v)
	if strings.Trim(v, "0123456789.,:/+- TZ") != "" {
		return false
	}
	return len(digits) < minNumber || strings.ContainsAny(v, ".:")
}

// isWord reports whether v is letters alone, and in one case but for the first.
func isWord(v string) bool {
	for _, r := range v {
		if !unicode.IsLetter(r) {
			return false
		}
	}
	_, first := utf8.DecodeRuneInString(v)
	rest := v[first:]
	return rest == strings.ToLower(rest) || v == strings.ToUpper(v)
}

// bits is the entropy of v, if its bytes were drawn as often as it has them.
func bits(v string) float64 {
	var count [256]int
	for i := range len(v) {
		count[v[i]]++
	}
	sum := 0.0
	for _, n := range count {
		if n > 0 {
			sum -= float64(n) * math.Log2(float64(n)/float64(len(v)))
		}
	}
	return sum
}
