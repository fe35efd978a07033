// Command directory is a key source plugin: it reads the file named key in a directory.
package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins"
)

type directory struct{ file string }

// New makes the source from its settings.
func New(s keysource.Settings) (keysource.Source, error) {
	if err := s.Only("dir"); err != nil {
		return nil, err
	}
	if !filepath.IsAbs(s["dir"]) {
		return nil, errors.New("the setting dir has to be an absolute path")
	}
	return directory{filepath.Join(s["dir"], "key")}, nil
}

func (d directory) Name() string { return "directory " + d.file }

func (d directory) Load(context.Context) (keysource.Key, error) {
	text, err := os.ReadFile(d.file)
	if errors.Is(err, fs.ErrNotExist) {
		return keysource.Key{}, plugins.Errorf(plugins.NoKey, "there is no file %s", d.file)
	}
	if err != nil {
		return keysource.Key{}, err
	}
	return keysource.ParseKey(text)
}

func main() {
	plugins.Serve(plugins.Info{Name: "directory", Version: "1.0.0", Settings: []string{"dir"}}, New)
}
