package keysource

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Settings are the settings of one source as a configuration gives them, such
// as {"name": "SHOP_KEY"} for an environment variable. They hold no secret.
type Settings map[string]string

// Only returns an error that names the first setting which is not among known.
func (s Settings) Only(known ...string) error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("unknown setting %q (known: %s)", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// Factory makes a source from its settings.
type Factory func(Settings) (Source, error)

// Registry holds the factories of sources by the names that a configuration
// uses. backend/config fills one; nothing registers itself.
type Registry map[string]Factory

// UnknownError says that a registry has no factory of that name.
type UnknownError struct {
	Name  string
	Known []string // in alphabetical order
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown key source %q (known: %s)", e.Name, strings.Join(e.Known, ", "))
}

// New makes the source of that name. Its error is an *[UnknownError], or the
// factory's own with the name in front.
func (r Registry) New(name string, s Settings) (Source, error) {
	make, ok := r[name]
	if !ok {
		return nil, &UnknownError{Name: name, Known: slices.Sorted(maps.Keys(r))}
	}
	src, err := make(s)
	if err != nil {
		return nil, fmt.Errorf("key source %s: %w", name, err)
	}
	return src, nil
}
