package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

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
// configuration file, which is made if there is none. It waits for a rekey that is
// under way, and for others that add an environment.
func (c *Config) AddEnvironment(ctx context.Context, keyID string) error {
	path := filepath.Join(c.Root, FileName)
	unlock, err := c.Store(c.Journal()).Lock(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer unlock()
	if exists(c.Journal()) { // of an interrupted rekey, which expects the file as it is
		return &Error{Where: path, Msg: "a rekey was interrupted: flask-vault list finishes or undoes it; then do this again"}
	}
	text, err := durable.ReadFile(path, maxFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Error{Where: path, Msg: durable.WithoutPath(err).Error()}
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("version: 1\n")
	}
	before, err := parse(path, text)
	if err != nil {
		return err
	}
	if there, ok := before.Environments[c.Environment]; ok {
		if there.KeyID != keyID {
			return &Error{Where: path, Msg: fmt.Sprintf("the environment %q was added meanwhile, with the key_id %q", c.Environment, there.KeyID)}
		}
		return nil
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
	added := newEnvironment(c.Environment)
	added.KeyID = keyID
	changed, err := addEntry(text, entry)
	if err == nil {
		if before.Environments == nil {
			before.Environments = map[string]environment{}
		}
		before.Environments[c.Environment] = added
		if after, perr := parse(path, changed); perr != nil || !reflect.DeepEqual(after, before) {
			err = errors.New("no place for another environment is found in it")
		}
	}
	if err != nil {
		return &Error{Where: path, Msg: fmt.Sprintf("%v; add it by hand, below environments:\n%s", err, strings.Join(entry, "\n"))}
	}
	return replaceFile(path, changed)
}

// addEntry puts lines below the environments of a configuration, as its last entry.
func addEntry(text []byte, entry []string) ([]byte, error) {
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
		at = endOfBlock(text, lastLine(node), len(indent))
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

// endOfBlock is the offset behind the lines that follow a line, counted from 1, and
// are indented by more than that: those of a text or a list that the line begins.
func endOfBlock(text []byte, line, indent int) int {
	end := endOfLine(text, line)
	for at := end; at < len(text); {
		next := len(text)
		if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
			next = at + n + 1
		}
		if one := text[at:next]; len(bytes.TrimSpace(one)) > 0 {
			if len(one)-len(bytes.TrimLeft(one, " ")) <= indent {
				break
			}
			end = next
		}
		at = next
	}
	return end
}

// offset is where a node begins, or -1 if the text has lines that end otherwise than
// by a newline. A column counts characters.
func offset(text []byte, n *yaml.Node) int {
	at := endOfLine(text, n.Line-1)
	for range n.Column - 1 {
		if at >= len(text) {
			return -1
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
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
		return nil, &Error{Where: c.File, Msg: durable.WithoutPath(err).Error()}
	}
	want, err := parse(c.File, text)
	if err != nil {
		return nil, err
	}
	changed := false
	for _, name := range environments {
		if !want.setKeyID(name, keyID) {
			continue
		}
		changed = true
		if text = withKeyID(text, name, keyID); text == nil {
			return nil, c.fixedKeyID(name, keyID)
		}
	}
	if !changed {
		return nil, nil
	}
	if got, err := parse(c.File, text); err != nil || !reflect.DeepEqual(got, want) {
		return nil, c.fixedKeyID(strings.Join(environments, ", "), keyID)
	}
	return text, nil
}

func (c *Config) fixedKeyID(name, keyID string) error {
	return &Error{Where: c.File, Msg: fmt.Sprintf("the key_id of %s cannot be replaced; write it as key_id: \"%s\"", name, keyID)}
}

// setKeyID sets the key id of an environment that has one, and reports whether it has.
func (c *fileConfig) setKeyID(name, keyID string) bool {
	if name == DefaultEnvironment {
		had := c.KeyID != ""
		if had {
			c.KeyID = keyID
		}
		return had
	}
	e := c.Environments[name]
	if e.KeyID == "" {
		return false
	}
	e.KeyID = keyID
	c.Environments[name] = e
	return true
}

// withKeyID is the text with another key id of one environment, or nil if it does not
// stand there as a scalar on one line.
func withKeyID(text []byte, name, keyID string) []byte {
	var top yaml.Node
	if err := yaml.Unmarshal(text, &top); err != nil || len(top.Content) == 0 {
		return nil
	}
	at := top.Content[0]
	if name != DefaultEnvironment {
		at = child(child(at, "environments"), name)
	}
	id := child(at, "key_id")
	if id == nil || id.Kind != yaml.ScalarNode {
		return nil
	}
	start := offset(text, id)
	if start < 0 || start >= len(text) {
		return nil
	}
	old := id.Value
	if id.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		old = string(text[start]) + old + string(text[start])
	}
	if !bytes.HasPrefix(text[start:], []byte(old)) {
		return nil
	}
	return slices.Concat(text[:start], []byte(`"`+keyID+`"`), text[start+len(old):])
}

// replaceFile gives a file another content and leaves its mode as it is.
func replaceFile(path string, text []byte) error {
	mode := fs.FileMode(0o644)
	info, err := os.Stat(path)
	if err == nil {
		mode = info.Mode().Perm()
	}
	f, err := durable.New(path, mode)
	if err != nil {
		return err
	}
	defer f.Discard()
	if info != nil { // the umask may have taken something
		if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return fmt.Errorf("%s: %w", path, durable.WithoutPath(err))
		}
	}
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("%s: nothing is changed: %w", path, durable.WithoutPath(err))
	}
	return f.Replace()
}
