package config

import (
	"cmp"
	"path/filepath"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/yaml"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/env"
	"github.com/flask-vault/flask-vault/keysource/file"
)

// This file is the one list of what is built in: a new format or key source is
// a folder of its own and a line here.

// Formats are the formats that a credentials file can have, by its extension.
var Formats = format.Registry{yaml.Format{}}

// keySources are the key sources that a configuration can name.
func (c *Config) keySources() keysource.Registry {
	return keysource.Registry{
		"env": func(s keysource.Settings) (keysource.Source, error) {
			return env.New(s["name"]), s.Only("name")
		},
		"file": c.keyFile,
	}
}

func (c *Config) keyFile(s keysource.Settings) (keysource.Source, error) {
	path := cmp.Or(s["path"], KeyFile)
	if !c.userSources {
		if err := localPath(path); err != nil {
			return nil, err
		}
	}
	name := path
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.Root, path)
	}
	return file.New(path, file.Options{Name: name, Insecure: c.Insecure}), s.Only("path")
}
