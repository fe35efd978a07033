package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLibraryCode wants a comment with a Go file's path in front of every block of
// Go in docs/library.md, and the block in that file, which is compiled and run by
// the tests of its directory.
func TestLibraryCode(t *testing.T) {
	text := documents(t)["docs/library.md"]
	blocks := regexp.MustCompile("(?ms)^(?:<!-- (\\S+\\.go) -->\n)?```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(text, -1)
	found := 0
	for _, b := range blocks {
		path, language, code := b[1], b[2], b[3]
		if language != "go" {
			if language != "console" && language != "text" {
				t.Errorf("a block of %q is run by no test:\n%s", language, code)
			}
			continue
		}
		found++
		source, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || !strings.Contains(string(source), code) {
			t.Errorf("this is not in the file %q:\n%s", path, code)
		}
		if tests, _ := filepath.Glob(filepath.Join(root, filepath.Dir(path), "*_test.go")); len(tests) == 0 {
			t.Errorf("%s has no tests", filepath.Dir(path))
		}
	}
	if found < 8 {
		t.Errorf("only %d blocks of Go were found", found)
	}
}
