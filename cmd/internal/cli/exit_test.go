package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestExitCodesAreDocumented compares the constants of exit.go with the table
// of docs/exit-codes.md, and that with the table of README.md.
func TestExitCodesAreDocumented(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]string{} // code by name
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			continue
		}
		for _, s := range decl.Specs {
			spec := s.(*ast.ValueSpec)
			if name, ok := strings.CutPrefix(spec.Names[0].Name, "exit"); ok {
				constants[name] = spec.Values[0].(*ast.BasicLit).Value
			}
		}
	}
	documented, meanings := map[string]string{}, map[string]string{}
	for _, m := range rows(t, "docs/exit-codes.md", `(?m)^\| (\d+) \| (\w+) \| (.+) \|$`) {
		documented[m[2]], meanings[m[1]] = m[1], m[3]
	}
	if len(constants) < 12 || !maps.Equal(constants, documented) {
		t.Errorf("exit.go has %v, docs/exit-codes.md has %v", constants, documented)
	}
	short := map[string]string{}
	for _, m := range rows(t, "README.md", `(?m)^\| (\d+) \| (.+) \|$`) {
		short[m[1]] = m[2]
	}
	if !maps.Equal(meanings, short) {
		t.Errorf("docs/exit-codes.md says %v, README.md says %v", meanings, short)
	}
}

func rows(t *testing.T, name, row string) [][]string {
	t.Helper()
	text, err := os.ReadFile("../../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(row).FindAllStringSubmatch(string(text), -1)
}
