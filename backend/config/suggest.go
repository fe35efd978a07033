package config

import "strings"

// Nearest returns the candidate that is the fewest typing mistakes away from
// word (insertions, deletions, replacements, swaps of neighbours), or "" if all
// are far: more than a third of the word's length, and more than one, or as many as
// it has letters.
func Nearest(word string, candidates []string) string {
	best, dist := "", min(max(1, len(word)/3)+1, len(word))
	for _, c := range candidates {
		if len(c)-len(word) >= dist || len(word)-len(c) >= dist {
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < dist {
			best, dist = c, d
		}
	}
	return best
}

// distance is the optimal string alignment distance (Damerau 1964) of a and b, in bytes.
func distance(a, b string) int {
	var before []int // the row before the row before
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
