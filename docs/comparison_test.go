package docs

import (
	"os"
	"path/filepath"
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

// table is the first table after a heading: its rows' cells, without its head.
func table(text, heading string) [][]string {
	_, text, _ = strings.Cut(text, heading+"\n")
	var rows [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			if rows != nil {
				break
			}
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows[min(2, len(rows)):]
}

// checkProof finds the scripts, and in its file each test that a cell names.
func checkProof(t *testing.T, claim, cell string) {
	t.Helper()
	scripts := filepath.Join(root, "cmd", "flask-vault", "testdata", "script")
	named := 0
	var code string
	for _, m := range regexp.MustCompile("`([\\w./-]+)`|(Test\\w+)").FindAllStringSubmatch(cell, -1) {
		switch file, test := m[1], m[2]; {
		case test != "":
			if named++; !strings.Contains(code, "\nfunc "+test+"(") {
				t.Errorf("%s: %s is not in the file that is named before it", claim, test)
			}
		case strings.HasSuffix(file, ".txtar"):
			named++
			if _, err := os.Stat(filepath.Join(scripts, file)); err != nil {
				t.Errorf("%s: %v", claim, err)
			}
		default:
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
			if err != nil {
				t.Errorf("%s: %v", claim, err)
			}
			code = string(text)
		}
	}
	if named == 0 {
		t.Errorf("%s: no test is named", claim)
	}
}
