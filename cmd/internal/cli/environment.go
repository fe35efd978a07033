package cli

import (
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/cmd/internal/variables"
	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/env"
)

// maxVariable is how many bytes NAME=value can have on Linux.
const maxVariable = 128<<10 - 1

// checkEnvironment refuses values that no variable can hold. Those that go into
// files are not looked at.
func checkEnvironment(vars []variables.Variable) error {
	for _, v := range vars {
		text := v.Value.Reveal()
		switch {
		case v.File:
		case strings.Contains(text, "\x00"):
			return &hintError{&format.PathError{Path: v.Key, Msg: "the value has a NUL byte, which no environment can hold"},
				"--file " + quote(v.Key) + "=" + v.Name + " hands it over as a file"}
		case runtime.GOOS == "linux" && len(v.Name)+1+len(text) > maxVariable:
			return &hintError{&format.PathError{Path: v.Key, Msg: "the value is too long for an environment variable"},
				"--file " + quote(v.Key) + "=" + v.Name + " hands it over as a file"}
		}
	}
	return nil
}

// withoutKeys leaves the variables that hold a key out of an environment: Flask-Vault's
// own, and those that the sources of o name.
func withoutKeys(environ []string, o backend.Options) []string {
	names := []string{env.DefaultName}
	for _, s := range o.Keys {
		if e, ok := s.(*env.Source); ok {
			names = append(names, e.Variable())
		}
	}
	return slices.DeleteFunc(environ, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.ContainsFunc(names, func(key string) bool { return sameVariable(key, name) })
	})
}

// environWithoutKeys is this process's environment without the variables that hold
// the key of any environment of the vault: for git, an editor, and what exec runs.
func environWithoutKeys(c *config.Config) []string {
	environ := withoutKeys(os.Environ(), backend.Options{})
	for _, name := range c.Environments {
		if other, err := c.In(name); err == nil {
			if o, err := other.Options(); err == nil {
				environ = withoutKeys(environ, o)
			}
		}
	}
	return environ
}

// inherited is environWithoutKeys, also without whatever has a key of layers as its
// value.
func (a *app) inherited(c *vault, layers backend.Layers) []string {
	// --keysource may name one that the configuration does not.
	environ := withoutKeys(environWithoutKeys(c.Config), c.options)
	return slices.DeleteFunc(environ, func(entry string) bool {
		_, value, _ := strings.Cut(entry, "=")
		key, err := keysource.ParseKey([]byte(value))
		return err == nil && slices.ContainsFunc(layers, func(v *backend.Vault) bool { return v.KeyID() == key.ID() })
	})
}

// environment is inherited with the variables, which win.
func environment(inherited []string, vars []variables.Variable) []string {
	environ := slices.DeleteFunc(slices.Clone(inherited), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.ContainsFunc(vars, func(v variables.Variable) bool { return sameVariable(v.Name, name) })
	})
	for _, v := range vars {
		environ = append(environ, v.Name+"="+v.Value.Reveal())
	}
	return environ
}

// noteOverridden tells which variables had another value.
func (a *app) noteOverridden(inherited []string, vars []variables.Variable) {
	for _, entry := range inherited {
		name, value, _ := strings.Cut(entry, "=")
		for _, v := range vars {
			if sameVariable(v.Name, name) && v.Value.Reveal() != value {
				a.note("note: %s was set to something else; the vault's %s is used", name, oneLine(v.Key))
			}
		}
	}
}

func sameVariable(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}
