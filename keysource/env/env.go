// Package env takes a master key from an environment variable, as CI systems
// and containers hand it over.
package env

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/flask-vault/flask-vault/keysource"
)

// DefaultName is the variable that is asked where a configuration names none.
const DefaultName = "FLASK_VAULT_MASTER_KEY"

// Source is an environment variable. It implements [keysource.Source].
type Source struct{ name string }

// New makes a source of the variable of that name, or of [DefaultName] if it is empty.
func New(name string) *Source {
	if name == "" {
		name = DefaultName
	}
	return &Source{name: name}
}

// Name is "env" and the variable's name.
func (s *Source) Name() string { return "env " + s.name }

// Variable is the variable's name.
func (s *Source) Variable() string { return s.name }

// Load parses the variable's value, which has the form of master.key. An unset
// or empty variable is an error that wraps [keysource.ErrNoKey].
func (s *Source) Load(context.Context) (keysource.Key, error) {
	text := os.Getenv(s.name)
	if strings.TrimSpace(text) == "" {
		return keysource.Key{}, fmt.Errorf("%w: the variable is not set or empty", keysource.ErrNoKey)
	}
	return keysource.ParseKey([]byte(text))
}
