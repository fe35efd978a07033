package host_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the guide prints as examples are the examples, and they are as short as
// it says. The one in Go is built, by go vet and by the test below.
func TestGuideShowsTheExamples(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "plugins.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range []struct {
		language, path string
		most           int // lines that are not empty
	}{
		{"sh", filepath.Join("..", "examples", "shell", "plugin.sh"), 15},
		{"go", filepath.Join("testdata", "short", "main.go"), 24},
	} {
		text, err := os.ReadFile(example.path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(guide), "```"+example.language+"\n"+string(text)+"```\n") {
			t.Errorf("docs/plugins.md does not show %s as it is", example.path)
		}
		lines := 0
		for line := range strings.Lines(string(text)) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
		if lines > example.most {
			t.Errorf("%s has %d lines, more than %d", example.path, lines, example.most)
		}
	}
	if out, err := exec.Command("go", "vet", "./testdata/short").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
