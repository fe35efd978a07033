// Package scaffold writes the module of a new plugin: a main that builds, a
// test that runs the conformance suite, and a README.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flask-vault/flask-vault/plugins/trust"
)

//go:embed template
var templates embed.FS

// module is the path of ours, which a plugin requires.
const module = "github.com/flask-vault/flask-vault"

// Options say what to write.
type Options struct {
	Name string // of the plugin
	Dir  string // where to; it may exist and be empty

	// Version is the version of this module that the plugin requires, such as
	// "v1.2.0". "" stands for one that is not published, and needs Source.
	Version string

	// Source is a checkout of this module that is used instead of a published
	// version; "" for none.
	Source string
}

// files are the files of a module and their templates. A template has a name of
// its own since go would take a go.mod here for a module.
var files = []struct{ name, template string }{
	{"go.mod", "go.mod.txt"},
	{"go.sum", "go.sum.txt"},
	{"main.go", "main.go.txt"},
	{"main_test.go", "main_test.go.txt"},
	{"README.md", "README.md.txt"},
	{".gitignore", "gitignore.txt"},
}

// Write writes the module and returns the names of its files. It overwrites
// nothing: where one of them exists it writes none.
func Write(o Options) ([]string, error) {
	if err := trust.CheckName(o.Name); err != nil {
		return nil, err
	}
	if o.Version == "" && o.Source == "" {
		return nil, errors.New("a plugin needs a published version of " + module + " or a checkout of it")
	}
	if o.Version == "" {
		o.Version = "v0.0.0"
	}
	replace := ""
	if o.Source != "" {
		source, err := filepath.Abs(o.Source)
		if err != nil {
			return nil, err
		}
		replace = fmt.Sprintf("\nreplace %s => %q\n", module, source)
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(o.Dir, f.name)); !errors.Is(err, fs.ErrNotExist) {
			if err == nil {
				err = fmt.Errorf("%s exists already", filepath.Join(o.Dir, f.name))
			}
			return nil, err
		}
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("{{name}}", o.Name, "{{version}}", o.Version, "{{replace}}", replace)
	var written []string
	for _, f := range files {
		text, err := templates.ReadFile("template/" + f.template)
		if err != nil {
			return written, err
		}
		path := filepath.Join(o.Dir, f.name)
		if err := writeNew(path, fill.Replace(string(text))); err != nil {
			return written, err
		}
		written = append(written, path)
	}
	return written, nil
}

func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
