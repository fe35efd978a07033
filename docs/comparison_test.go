package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestComparisonIsProved holds comparison.md to its word: what it says of
// another program has a source, and what it says of this one a test.
func TestComparisonIsProved(t *testing.T) {
	text := documents(t)["docs/comparison.md"]
	claims, proofs := table(text, "## What each does"), table(text, "## What shows it")
	if len(claims) < 15 || len(claims) != len(proofs) {
		t.Fatalf("%d claims, %d proofs", len(claims), len(proofs))
	}
	sources := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\[([\w-]+)\]: (\S+)$`).FindAllStringSubmatch(text, -1) {
		sources[m[1]] = m[2]
	}
	used := map[string]bool{}
	reference := regexp.MustCompile(`\[[^\]]+\]\[([\w-]*)\]`)
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		used[m[1]] = true
		if sources[m[1]] == "" {
			t.Errorf("%s: there is no such source", m[0])
		}
	}
	for name, source := range sources {
		if !used[name] {
			t.Errorf("the source %s is not used", name)
		}
		file, fragment, _ := strings.Cut(source, "#")
		if !strings.HasPrefix(source, "https://") && !slices.Contains(anchors(documents(t)["docs/"+file]), fragment) {
			t.Errorf("the source %s leads to nothing: %s", name, source)
		}
	}
	for i, cells := range claims {
		const peers = 7
		if len(cells) != 2+peers {
			t.Errorf("%s: %d cells", cells[0], len(cells))
			continue
		}
		for _, cell := range cells[2:] {
			if cell != "–" && !reference.MatchString(cell) {
				t.Errorf("%s: %q has no source", cells[0], cell)
			}
		}
		if proof := proofs[i]; len(proof) != 2 || proof[0] != cells[0] {
			t.Errorf("%s: the proof beside it is %q", cells[0], proof)
		} else {
			checkProof(t, proof[0], proof[1])
		}
	}
}
