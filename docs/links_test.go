package docs

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// root is the top of the checkout.
const root = ".."

// documents are the Markdown files of the project by their path from root,
// leaving out what is test data.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != root:
			return nil // other packages' tests make files below root, and remove them
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" && path != filepath.Join(root, "backend", "testdata")):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".md"):
			return nil
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		texts[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if texts["README.md"] == "" || texts["docs/format.md"] == "" {
		t.Fatal("README.md or docs/format.md is not among the documents")
	}
	return texts
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
)

func TestLinksLeadSomewhere(t *testing.T) {
	texts := documents(t)
	followed := 0
	for name, text := range texts {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			u, err := url.Parse(m[1])
			if err != nil {
				t.Errorf("%s: %s: %v", name, m[1], err)
				continue
			}
			if u.Scheme != "" {
				continue // the network is not asked
			}
			followed++
			target := name
			if u.Path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), u.Path))
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: the link %s leads to nothing", name, m[1])
				continue
			}
			if u.Fragment != "" && !slices.Contains(anchors(texts[target]), u.Fragment) {
				t.Errorf("%s: the link %s leads to no heading of %s", name, m[1], target)
			}
		}
	}
	if followed < 30 {
		t.Errorf("only %d links were followed", followed)
	}
}

// anchors are what headings are called in links, by GitHub's rule.
func anchors(text string) []string {
	var names []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		names = append(names, name)
	}
	return names
}

// TestNamedTestsExist finds the tests that the documents name, so that a claim
// does not outlive its proof.
func TestNamedTestsExist(t *testing.T) {
	var code strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != root {
			return nil
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		code.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	test := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`)
	script := regexp.MustCompile(`\b[\w-]+\.txtar\b`)
	scripts := filepath.Join(root, "cmd/flask-vault/testdata/script")
	if _, err := os.Stat(scripts); err != nil {
		t.Logf("the names of scripts are not checked: %v", err)
		script = regexp.MustCompile(`[^\s\S]`) // matches nothing
	}
	for name, text := range documents(t) {
		for _, found := range test.FindAllString(text, -1) {
			if !strings.Contains(code.String(), "func "+found+"(") {
				t.Errorf("%s: there is no test %s", name, found)
			}
		}
		for _, found := range script.FindAllString(text, -1) {
			if _, err := os.Stat(filepath.Join(scripts, found)); err != nil {
				t.Errorf("%s: there is no script %s", name, found)
			}
		}
	}
}

// TestDependenciesAreDecided wants a line in decision 4 for every direct dependency.
func TestDependenciesAreDecided(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	decided := documents(t)["docs/decisions/0004-dependencies.md"]
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1)
	if len(direct) == 0 {
		t.Fatal("go.mod has no direct dependency")
	}
	for _, m := range direct {
		if !strings.Contains(decided, "| "+m[1]+" |") {
			t.Errorf("docs/decisions/0004-dependencies.md has no line for %s", m[1])
		}
	}
}
