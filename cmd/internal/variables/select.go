package variables

import (
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// Vault is what [Select] reads from: a *backend.Vault or backend.Layers.
type Vault interface {
	Names() ([]string, error)
	Get(path string) (format.Value, error)
}

// Pair gives a key a variable of its own.
type Pair struct{ Key, Name string }

// Options say which keys are taken, and their variables.
type Options struct {
	// Only are the keys to take, all if empty. The name of a mapping stands for
	// everything below it.
	Only []string
	// Prefix stands before every name that is made from a path.
	Prefix string
	// Map names variables for keys, in place of those made from their paths.
	// Such a key is taken even if Only does not name it. One key can have several.
	Map []Pair
	// Files are like Map, for values that are handed over as a file.
	Files []Pair
	// Paths keeps the paths themselves as names, for targets that are not
	// environments: then any name is good.
	Paths bool
}

// Variable is one secret under the name that it gets.
type Variable struct {
	Key   string
	Name  string
	Value format.Value
	File  bool // whether it comes from Options.Files
}

// Select makes the variables, in the order of the vault. A value is what
// "get KEY" prints; a null has none and makes no variable. A key that Only, Map
// or Files names and that is missing or null is a *[format.NotFoundError]. Other
// errors are a *[CollisionError], *[ReservedError] or *[NameError], and those of
// the vault.
func Select(v Vault, o Options) ([]Variable, error) {
	s := &selection{vault: v, o: o, owner: map[string]string{}}
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	values := make([]format.Value, len(keys))
	for i, key := range keys { // first what is missing, then what is wrong with names
		if values[i], err = v.Get(key); err != nil {
			return nil, err
		}
	}
	for i, key := range keys {
		if err := s.add(key, values[i]); err != nil {
			return nil, err
		}
	}
	return s.vars, nil
}

type selection struct {
	vault Vault
	o     Options
	vars  []Variable
	owner map[string]string // from a variable to its key
}

// keys are the keys to take, each once.
func (s *selection) keys() ([]string, error) {
	all, err := s.vault.Names()
	if err != nil {
		return nil, err
	}
	chosen := map[string]bool{}
	take := func(key string) {
		chosen[key] = true
		if !slices.Contains(all, key) { // missing, or a whole mapping
			all = append(all, key)
		}
	}
	for _, only := range s.o.Only {
		group := false
		if !slices.Contains(all, only) {
			for _, n := range all {
				if strings.HasPrefix(n, only+".") {
					chosen[n], group = true, true
				}
			}
		}
		if !group {
			take(only)
		}
	}
	for _, p := range slices.Concat(s.o.Map, s.o.Files) {
		take(p.Key)
	}
	return slices.DeleteFunc(slices.Clone(all), func(n string) bool {
		return !chosen[n] && len(s.o.Only) > 0
	}), nil
}

// add adds the variables of one key.
func (s *selection) add(key string, value format.Value) error {
	explicit := false
	for i, p := range slices.Concat(s.o.Map, s.o.Files) {
		if p.Key != key {
			continue
		}
		explicit = true
		if !s.o.Paths && !Valid(p.Name) {
			return &NameError{Key: key, Name: p.Name}
		}
		if err := s.append(Variable{Key: key, Name: p.Name, Value: value, File: i >= len(s.o.Map)}); err != nil {
			return err
		}
	}
	switch {
	case explicit:
		return nil
	case s.o.Paths:
		return s.append(Variable{Key: key, Name: s.o.Prefix + key, Value: value})
	}
	name := Name(s.o.Prefix, key)
	if !Valid(name) {
		return &NameError{Key: key, Name: name}
	}
	if Reserved(name) {
		return &ReservedError{Key: key, Name: name}
	}
	return s.append(Variable{Key: key, Name: name, Value: value})
}

func (s *selection) append(v Variable) error {
	if other, taken := s.owner[v.Name]; taken {
		return &CollisionError{Name: v.Name, Keys: [2]string{other, v.Key}}
	}
	s.owner[v.Name] = v.Key
	s.vars = append(s.vars, v)
	return nil
}
