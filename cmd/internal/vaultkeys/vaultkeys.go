// Package vaultkeys finds the keys of all environments of a vault, for what looks
// at a vault as a whole. It changes nothing: a rekey that was interrupted stays so.
package vaultkeys

import (
	"context"
	"errors"
	"slices"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/env"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

// Environment is one environment of a vault and what opens it.
type Environment struct {
	*config.Config
	Options backend.Options
	Key     keysource.Key   // the zero Key where there is none
	Cipher  *backend.Cipher // nil where there is no key
	Err     error           // why there is none
}

// List is the environments of a vault, none of whose keys has been asked for. What
// stands in the way of asking is in their Err.
func List(c *config.Config) ([]*Environment, error) {
	var all []*Environment
	for _, name := range c.Environments {
		e := &Environment{}
		var err error
		if e.Config, err = c.In(name); err != nil {
			return nil, err
		}
		e.Options, e.Err = e.Config.Options()
		all = append(all, e)
	}
	return all, nil
}

// Find is [List], with the key of each. Where one has none, its Err says why.
func Find(ctx context.Context, c *config.Config) ([]*Environment, error) {
	all, err := List(c)
	for _, e := range all {
		if e.Err == nil {
			e.Err = e.Ask(ctx, e.Options.Keys)
		}
	}
	return all, err
}

// Ask takes the key of the first of sources that has one.
func (e *Environment) Ask(ctx context.Context, sources keysource.Chain) error {
	key, source, err := sources.Find(ctx)
	if err != nil {
		return err
	}
	if e.Options.KeyID != "" && key.ID() != e.Options.KeyID {
		return &backend.WrongKeyError{Source: source.Name(), Have: key.ID(), Want: e.Options.KeyID}
	}
	c, err := backend.NewCipher(key)
	if err != nil {
		return err
	}
	previous, err := c.PreviousKeys(e.Options.Previous)
	if err != nil && !errors.Is(err, backend.ErrAuth) { // of another branch, from before or after a rekey
		return err
	}
	c, err = backend.NewCipher(key, previous...)
	if err == nil {
		e.Key, e.Cipher = key, c
	}
	return err
}

// Open opens a sealed file. Without a key the error is Err.
func (e *Environment) Open(blob []byte) ([]byte, error) {
	if e.Cipher == nil {
		return nil, e.Err
	}
	return e.Cipher.Open(blob, nil)
}

// KeyFiles are the paths of the key files that environments name, each once.
func KeyFiles(environments []*Environment) []string {
	var paths []string
	for _, e := range environments {
		for _, s := range e.Options.Keys {
			if f, ok := s.(*keyfile.Source); ok && !slices.Contains(paths, f.Path()) {
				paths = append(paths, f.Path())
			}
		}
	}
	return paths
}

// IsQuick reports whether a key source is neither a process nor a question.
func IsQuick(s keysource.Source) bool {
	switch s.(type) {
	case *env.Source, *keyfile.Source:
		return true
	}
	return false
}

// Fault says why a blob is not an encrypted file; "" if it is one. No key is
// needed to know that.
func Fault(blob []byte) string {
	nobody, err := backend.NewCipher(keysource.NewKey())
	if err == nil {
		_, err = nobody.Open(blob, nil)
	}
	var fault *backend.EnvelopeError
	switch {
	case errors.As(err, &fault):
		return fault.Reason
	case errors.Is(err, backend.ErrMalformed):
		return "it is damaged"
	}
	return ""
}
