package backend

import (
	"fmt"
	"os"
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// Getter gives values by their paths, as [Vault.Get] does. *[Vault], [Layers]
// and [Environ] are getters.
type Getter interface {
	Get(path string) (Secret, error)
}

// MustGet is [Vault.Get] for a value without which the program cannot start: it
// panics with Get's error, which names the path.
func (v *Vault) MustGet(path string) Secret { return must(v, path) }

// MustGet is [Layers.Get] with a panic, as [Vault.MustGet].
func (l Layers) MustGet(path string) Secret { return must(l, path) }

// MustGet is [Environ.Get] with a panic, as [Vault.MustGet].
func (e Environ) MustGet(path string) Secret { return must(e, path) }

func must(from Getter, path string) Secret {
	s, err := from.Get(path)
	if err != nil {
		panic(err)
	}
	return s
}

// Environ lets variables of the environment override the values of a vault, for
// programs that ask for it. The variable of db.password is DB__PASSWORD: two
// underscores for a dot, capitals, and one underscore for whatever else is
// neither a letter of ASCII nor a digit. An empty variable counts as unset.
//
// Names that differ in such letters or in capitals alone, such as a-b and a_b,
// share a variable. Without a Prefix every variable of the process counts, so that
// path is what $PATH holds and home what $HOME does: give one, unless no name is
// of a single word.
type Environ struct {
	Of     Getter // what is overridden
	Prefix string // in front of each variable, such as "SHOP_"
}

// Variable is the name of the variable that overrides a path.
func (e Environ) Variable(path string) string {
	var name strings.Builder
	name.WriteString(e.Prefix)
	for _, r := range path {
		switch {
		case r >= 'a' && r <= 'z':
			name.WriteRune(r - 'a' + 'A')
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			name.WriteRune(r)
		case r == '.':
			name.WriteString("__")
		default:
			name.WriteByte('_')
		}
	}
	return name.String()
}

var errNothingBelow = fmt.Errorf("the variables have nothing below them, Environ.Of is nil: %w", ErrNoVault)

// Get returns the variable of a path as a string, or else the value below it.
func (e Environ) Get(path string) (Secret, error) {
	if text := os.Getenv(e.Variable(path)); text != "" {
		return format.NewValue(format.String, text), nil
	}
	if e.Of == nil {
		return Secret{}, errNothingBelow
	}
	return e.Of.Get(path)
}
