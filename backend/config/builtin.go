package config

import (
	"cmp"
	"errors"
	"path/filepath"
	"strings"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/dotenv"
	"github.com/flask-vault/flask-vault/format/json"
	"github.com/flask-vault/flask-vault/format/raw"
	"github.com/flask-vault/flask-vault/format/toml"
	"github.com/flask-vault/flask-vault/format/yaml"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/env"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/file"
)

// This file is the one list of what is built in: a new format or key source is
// a folder of its own and a line here.

// Formats are the formats that a credentials file can have, by its extension.
// Any other file is raw: bytes without names.
var Formats = format.Registry{yaml.Format{}, json.Format{}, dotenv.Format{}, toml.Format{}, raw.Format{}}

// keySources are the built-in key sources. Every other name is that of a plugin.
// A path that the user gives may lead anywhere, one in the file may not.
func (c *Config) keySources(byUser bool) keysource.Registry {
	return keysource.Registry{
		"env": func(s keysource.Settings) (keysource.Source, error) {
			if strings.Contains(s["name"], "=") { // a key ends in it, and would be shown as the name
				return nil, errors.New("key source env: the name of a variable has no =; the variable holds the key")
			}
			return env.New(s["name"]), s.Only("name")
		},
		"file": func(s keysource.Settings) (keysource.Source, error) {
			return c.keyFile(s, byUser)
		},
	}
}

func (c *Config) newSource(spec sourceSpec) (keysource.Source, error) {
	reg := c.keySources(spec.byUser)
	if _, ok := reg[spec.Name]; !ok {
		plugins := c.overrides.Plugins
		plugins.Directory = c.Root
		reg[spec.Name] = external.Factory(spec.Name, plugins)
	}
	return reg.New(spec.Name, spec.Settings)
}

func (c *Config) keyFile(s keysource.Settings, byUser bool) (keysource.Source, error) {
	path := cmp.Or(s["path"], KeyFile)
	if !byUser {
		if err := c.inside(path); err != nil {
			return nil, err
		}
	}
	name := path
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.Root, path)
	}
	return file.New(path, file.Options{Name: name, Insecure: c.Insecure, Owners: c.TrustedOwners}), s.Only("path")
}
