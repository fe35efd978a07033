package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

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
	for _, m := range regexp.MustCompile("`([\\w./-]+)`|((?:Test|Fuzz)\\w+)").FindAllStringSubmatch(cell, -1) {
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
