package backend_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/format/formattest"
	"github.com/flask-vault/flask-vault/keysource"
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

// TestVaultNeverShows formats what a program holds of a vault in every way.
func TestVaultNeverShows(t *testing.T) {
	const canary = "hunter2canary"
	v := vaultOf(t, "s: "+canary+"\n")
	for range 2 {
		v.MustGet("s") // the second time looks all values up
	}
	files, _ := v.Files()
	text, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	key, err := keysource.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		V      *backend.Vault
		hidden *backend.Vault
		cipher *backend.Cipher
		layers backend.Layers
		values []backend.Secret
		env    backend.Environ
	}
	h := holder{v, v, v.Cipher, backend.Layers{v}, []backend.Secret{v.MustGet("s")}, backend.Environ{Of: v}}
	var out bytes.Buffer
	for _, x := range []any{v, v.Cipher, backend.Layers{v}, backend.Environ{Of: v}, h, &h} {
		for verb := byte('A'); verb <= 'z'; verb++ {
			for _, flag := range []string{"", "+", "#", " ", "10.3"} {
				fmt.Fprintf(&out, "%"+flag+string(verb)+"\n", x)
			}
		}
		out.WriteString(formattest.Dump(x))
		text, _ := json.Marshal(x)
		out.Write(text)
		slog.New(slog.NewTextHandler(&out, nil)).Info("vault", "v", x)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("vault", "v", x)
	}
	raw := key.Bytes()
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), "104 117 110", string(raw), key.Text(), fmt.Sprintf("%x", raw), strings.Trim(fmt.Sprint(raw), "[]")} {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(form)) {
			t.Errorf("it shows as %q", form)
		}
	}
}
