package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/keysource"
)

// fileConfig is flask-vault.yaml, version 1.
type fileConfig struct {
	Version int
	Plugins pluginTimes
	environment
	Environments map[string]environment
}

// pluginTimes are how long plugins may take, such as "10s".
type pluginTimes struct{ StartTimeout, CallTimeout string }

// environment is what each environment can set; what it leaves out comes from
// the top level.
type environment struct {
	Credentials string
	KeySource   []any
	KeyID       string
	Base        string
	Required    []string
	NotSecret   []string
	Files       []string
	Store       storeSettings
}

// maxFile is the most bytes that flask-vault.yaml may have. The parser compares all
// names of a mapping with all.
const maxFile = 64 << 10

// Error is a mistake in flask-vault.yaml, in a FLASK_VAULT_ variable or in a flag.
type Error struct {
	Where       string // the file, variable or flag
	Msg         string
	Environment string // the environment that does not exist, if that is the mistake
}

func (e *Error) Error() string { return e.Where + ": " + e.Msg }

// validName reports whether an environment or a key source may be called so:
// 1 to 63 of a-z, 0-9 and -, the first no -.
func validName(name string) bool {
	if name == "" || len(name) > 63 || name[0] == '-' {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// load reads a configuration file. Its errors are *[Error].
func load(path string) (*fileConfig, error) {
	text, err := durable.ReadFile(path, maxFile)
	if err != nil {
		return nil, &Error{Where: path, Msg: durable.WithoutPath(err).Error()}
	}
	return parse(path, text)
}

// parse reads the text of a configuration file. Its errors are *[Error].
func parse(path string, text []byte) (*fileConfig, error) {
	bad := func(format string, args ...any) error {
		return &Error{Where: path, Msg: fmt.Sprintf(format, args...)}
	}
	var top any
	if err := yaml.Unmarshal(text, &top); err != nil {
		return nil, bad("it is not YAML: %s", firstLine(err))
	}
	var c fileConfig
	if err := c.fields().read("", top); err != nil {
		return nil, bad("%v", err)
	}
	if c.Version != 1 {
		return nil, bad("it needs the line \"version: 1\"; this program knows no other version")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Environments)) {
		if !validName(name) {
			return nil, bad("the environment name %q is not made of a-z, 0-9 and -", name)
		}
		if name == DefaultEnvironment {
			return nil, bad("the environment %q is what the file says at its top level; remove it below environments", name)
		}
	}
	return &c, nil
}

// sourceSpec is one entry of keysource: a name, and settings if it has any.
type sourceSpec struct {
	Name     string
	Settings keysource.Settings
	byUser   bool // the settings are the user's, so that a path may lead anywhere
}

// parseSources understands "env", {env: null} and {env: {name: X}}.
func parseSources(entries []any) ([]sourceSpec, error) {
	specs := make([]sourceSpec, 0, len(entries))
	for i, e := range entries {
		spec, err := parseSource(e)
		if err != nil {
			return nil, fmt.Errorf("keysource, entry %d: %w", i+1, err)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

func parseSource(entry any) (sourceSpec, error) {
	switch e := entry.(type) {
	case string:
		return namedSource(e, nil)
	case map[string]any:
		if len(e) != 1 {
			return sourceSpec{}, errors.New("it is not one name with its settings, such as {env: {name: SHOP_KEY}}")
		}
		for name, value := range e {
			settings, ok := value.(map[string]any)
			if value != nil && !ok {
				return sourceSpec{}, fmt.Errorf("the settings of %q are not of the form {setting: value}", name)
			}
			return namedSource(name, settings)
		}
	}
	return sourceSpec{}, errors.New("it is neither the name of a key source nor a name with settings")
}

func namedSource(name string, values map[string]any) (sourceSpec, error) {
	if _, err := keysource.ParseKey([]byte(name)); err == nil && !validName(name) {
		return sourceSpec{}, errors.New("a master key stands where the name of a key source belongs, such as env or file; the variable FLASK_VAULT_MASTER_KEY takes a key")
	}
	if !validName(name) {
		return sourceSpec{}, fmt.Errorf("the key source name %q is not made of a-z, 0-9 and -; a plugin is installed with \"flask-vault plugin install\" and then named", name)
	}
	settings := keysource.Settings{}
	for k, v := range values {
		switch v := v.(type) {
		case string:
			settings[k] = v
		case int, bool, float64:
			settings[k] = fmt.Sprint(v)
		default:
			return sourceSpec{}, fmt.Errorf("the setting %q of %q is not a single value", k, name)
		}
	}
	return sourceSpec{Name: name, Settings: settings}, nil
}
