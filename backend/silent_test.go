package backend_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
)

// TestTheLibraryPrintsNothing looks at every package that a program imports for
// whatever could write to the process's streams or log.
func TestTheLibraryPrintsNothing(t *testing.T) {
	looked := 0
	for _, dir := range []string{".", "../format", "../keysource", "../plugins/launch", "../plugins/trust", "../plugins/host"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			looked++
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					pkg, ok := n.X.(*ast.Ident)
					if !ok {
						return true
					}
					name := pkg.Name + "." + n.Sel.Name
					if strings.HasPrefix(name, "fmt.Print") || strings.HasPrefix(name, "log.") || name == "os.Stdout" || name == "os.Stderr" || name == "os.Exit" ||
						name == "slog.Info" || name == "slog.Warn" || name == "slog.Error" || name == "slog.Default" {
						t.Errorf("%s: %s", files.Position(n.Pos()), name)
					}
				case *ast.CallExpr:
					if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
						t.Errorf("%s: %s", files.Position(n.Pos()), f.Name)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 80 {
		t.Errorf("only %d files were looked at", looked)
	}
}

// TestPanicShowsNoSecret ends real processes with a panic that has a secret in
// it, and reads what the runtime prints, traces of all goroutines included.
func TestPanicShowsNoSecret(t *testing.T) {
	type hidden struct{ secret backend.Secret }
	const canary = "hunter2canary"
	if how := os.Getenv("PANIC_WITH"); how != "" {
		secret := vaultOf(t, "s: "+canary+"\n").MustGet("s")
		defer func() { // a test would catch it
			value := recover()
			go func() { panic(value) }()
			select {}
		}()
		switch how {
		case "value":
			panic(secret)
		case "pointer":
			panic(&secret)
		case "unexported field":
			panic(hidden{secret})
		case "missing":
			vaultOf(t, "s: "+canary+"\n").MustGet("other")
		}
	}
	for _, how := range []string{"value", "pointer", "unexported field", "missing"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPanicShowsNoSecret$")
		cmd.Env = append(os.Environ(), "PANIC_WITH="+how, "GOTRACEBACK=all")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err == nil || !strings.Contains(out.String(), "panic") {
			t.Errorf("%s: there is no panic: %v\n%s", how, err, &out)
		}
		if strings.Contains(out.String(), canary) || strings.Contains(out.String(), "hunter") {
			t.Errorf("%s shows the secret:\n%s", how, &out)
		}
	}
}
