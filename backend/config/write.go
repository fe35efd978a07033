package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// newEnvironment is the entry that init makes for an environment.
func newEnvironment(name string) environment {
	variable := "FLASK_VAULT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_KEY"
	return environment{
		Credentials: "credentials/" + name + ".yml.enc",
		KeySource: []any{
			map[string]any{"env": map[string]any{"name": variable}},
			map[string]any{"file": map[string]any{"path": "credentials/" + name + ".key"}},
		},
	}
}

// New reports whether the environment is not in the configuration file yet.
func (c *Config) New() bool { return c.isNew }

// AddEnvironment writes a new environment, with the id of its key, into the
// configuration file, which is made if there is none.
func (c *Config) AddEnvironment(keyID string) error {
	path := filepath.Join(c.Root, FileName)
	text, err := durable.ReadFile(path, maxFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Error{Where: path, Msg: durable.WithoutPath(err).Error()}
	}
	variable := strings.ToUpper(strings.ReplaceAll(c.Environment, "-", "_"))
	entry := []string{
		c.Environment + ":",
		"  credentials: credentials/" + c.Environment + ".yml.enc",
		"  keysource:",
		"    - env: {name: FLASK_VAULT_" + variable + "_KEY}",
		"    - file: {path: credentials/" + c.Environment + ".key}",
		"  key_id: \"" + keyID + "\"",
	}
	changed, err := addEntry(text, entry)
	if err != nil {
		return &Error{Where: path, Msg: fmt.Sprintf("%v; add it by hand, below environments:\n%s", err, strings.Join(entry, "\n"))}
	}
	return replaceFile(path, changed)
}

// addEntry puts lines below the environments of a configuration, as its last entry.
func addEntry(text []byte, entry []string) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("version: 1\n")
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	indent, at := "  ", 0
	switch node, err := topLevel(text, "environments"); {
	case err != nil:
		return nil, err
	case node == nil:
		text = append(text, "\nenvironments:\n"...)
		at = len(text)
	case node.Kind != yaml.MappingNode || node.Style&yaml.FlowStyle != 0 || len(node.Content) == 0:
		return nil, errors.New("its environments are not written as a block")
	default:
		indent = strings.Repeat(" ", node.Content[0].Column-1)
		at = endOfLine(text, lastLine(node))
	}
	var add strings.Builder
	for _, line := range entry {
		add.WriteString(indent + line + "\n")
	}
	return append(text[:at:at], append([]byte(add.String()), text[at:]...)...), nil
}

// topLevel finds the value of a key of a configuration; nil if it has none.
func topLevel(text []byte, key string) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it is not a YAML mapping")
	}
	return child(doc.Content[0], key), nil
}

func child(m *yaml.Node, key string) *yaml.Node {
	for i := 0; m != nil && m.Kind == yaml.MappingNode && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// lastLine is the line of the last node below n.
func lastLine(n *yaml.Node) int {
	line := n.Line
	for _, c := range n.Content {
		line = max(line, lastLine(c))
	}
	return line
}

// endOfLine is the offset behind a line, which is counted from 1.
func endOfLine(text []byte, line int) int {
	at := 0
	for range line {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			return len(text)
		}
		at += n + 1
	}
	return at
}

// WithKeyIDs returns the configuration file's text with another key id recorded
// for the environments that record one. It returns nil if none does.
func (c *Config) WithKeyIDs(environments []string, keyID string) ([]byte, error) {
	if c.File == "" {
		return nil, nil
	}
	text, err := durable.ReadFile(c.File, maxFile)
	if err != nil {
		return nil, err
	}
	changed := false
	for _, name := range environments {
		var top yaml.Node
		if err := yaml.Unmarshal(text, &top); err != nil || len(top.Content) == 0 {
			return nil, &Error{Where: c.File, Msg: "it is not a YAML mapping"}
		}
		at := top.Content[0]
		if name != DefaultEnvironment {
			at = child(child(at, "environments"), name)
		}
		id := child(at, "key_id")
		if id == nil || id.Kind != yaml.ScalarNode {
			continue
		}
		start := endOfLine(text, id.Line-1) + id.Column - 1
		old := id.Value
		if id.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			old = string(text[start]) + old + string(text[start])
		}
		if !bytes.HasPrefix(text[start:], []byte(old)) {
			return nil, &Error{Where: c.File, Msg: fmt.Sprintf("the key_id of %s cannot be replaced; write it as key_id: \"%s\"", name, keyID)}
		}
		text = append(text[:start:start], append([]byte(`"`+keyID+`"`), text[start+len(old):]...)...)
		changed = true
	}
	if !changed {
		return nil, nil
	}
	return text, nil
}

func replaceFile(path string, text []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := durable.New(path, mode)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Replace()
}
