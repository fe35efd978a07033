package config

import (
	"fmt"
	"slices"
	"strings"
)

var knownFields = []string{"version", "credentials", "keysource", "key_id", "environments"}

// unknownField says which field is not known, by its path as mapstructure
// writes it ("environments[production].credntials"), and which one it is near.
func unknownField(path string) string {
	field := path[strings.LastIndexAny(path, ".")+1:]
	msg := fmt.Sprintf("unknown field %q", strings.ReplaceAll(path, "\x00", "."))
	if near := Nearest(field, knownFields); near != "" {
		msg += fmt.Sprintf("; did you mean %q?", near)
	}
	return msg
}

// Nearest returns the candidate with the fewest typing mistakes (insertions,
// deletions, replacements, Levenshtein 1966) from word, or "" if all are far:
// more than a third of the word's length, and more than one.
func Nearest(word string, candidates []string) string {
	best, dist := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c), dist); d < dist {
			best, dist = c, d
		}
	}
	return best
}

// distance is the edit distance of a and b, or limit if it is not below that.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
		if slices.Min(row) >= limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}
