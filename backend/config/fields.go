package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// fields are the fields that a mapping may have, each with what takes its value.
type fields map[string]func(path string, value any) error

func (c *fileConfig) fields() fields {
	f := c.environment.fields()
	f["version"] = c.readVersion
	f["environments"] = c.readEnvironments
	f["plugins"] = fields{
		"start_timeout": text(&c.Plugins.StartTimeout),
		"call_timeout":  text(&c.Plugins.CallTimeout),
	}.read
	return f
}

func (e *environment) fields() fields {
	return fields{
		"credentials": text(&e.Credentials),
		"keysource":   list(&e.KeySource),
		"key_id":      text(&e.KeyID),
		"base":        text(&e.Base),
		"required":    texts(&e.Required),
		"files":       texts(&e.Files),
		"not_secret":  texts(&e.NotSecret),
		"store":       e.Store.fields().read,
	}
}

// read takes a mapping's values. path is the mapping's own, "" for the top level.
func (f fields) read(path string, value any) error {
	entries, err := mapping(path, value)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		at := name
		if path != "" {
			at = path + "." + name
		}
		take, ok := f[name]
		if !ok {
			return unknownField(at, name, slices.Sorted(maps.Keys(f)))
		}
		if entries[name] == nil { // "credentials:" with nothing after it
			continue
		}
		if err := take(at, entries[name]); err != nil {
			return err
		}
	}
	return nil
}

func (c *fileConfig) readVersion(_ string, value any) error {
	c.Version, _ = value.(int) // load refuses all but 1
	return nil
}

func (c *fileConfig) readEnvironments(path string, value any) error {
	entries, err := mapping(path, value)
	if err != nil {
		return err
	}
	c.Environments = make(map[string]environment, len(entries))
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		var e environment
		if err := e.fields().read(path+"."+name, entries[name]); err != nil {
			return err
		}
		c.Environments[name] = e
	}
	return nil
}

func text(field *string) func(string, any) error {
	return func(path string, value any) error {
		s, ok := value.(string)
		if !ok {
			return wrongType(path, "a text; digits alone have to be in quotes")
		}
		*field = s
		return nil
	}
}

func texts(field *[]string) func(string, any) error {
	return func(path string, value any) error {
		var values []any
		if err := list(&values)(path, value); err != nil {
			return err
		}
		*field = make([]string, len(values))
		for i, v := range values {
			if err := text(&(*field)[i])(fmt.Sprintf("%s, entry %d", path, i+1), v); err != nil {
				return err
			}
		}
		return nil
	}
}

func list(field *[]any) func(string, any) error {
	return func(path string, value any) error {
		values, ok := value.([]any)
		if !ok {
			return wrongType(path, "a list, such as [env, file]")
		}
		*field = values
		return nil
	}
}

// mapping is a value with named fields; nothing at all has none.
func mapping(path string, value any) (map[string]any, error) {
	switch m := value.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return m, nil
	}
	if path == "" {
		return nil, errors.New("it is not made of lines such as \"version: 1\"")
	}
	return nil, wrongType(path, "a mapping of names to values; names of digits alone have to be in quotes")
}

func wrongType(path, want string) error { return fmt.Errorf("%s has to be %s", path, want) }

// unknownField says which field is not known, and which one it is near.
func unknownField(path, name string, known []string) error {
	msg := fmt.Sprintf("unknown field %q", path)
	if near := Nearest(name, known); near != "" {
		msg += fmt.Sprintf("; did you mean %q?", near)
	}
	return errors.New(msg)
}

// firstLine keeps an error of the YAML parser to one line.
func firstLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "yaml: "), "\n")
	return line
}
