package backend

import (
	"errors"
	"fmt"
	"slices"

	"github.com/flask-vault/flask-vault/format"
)

// Layers are vaults that are read as one: the first that has a value wins. It
// is how an environment overrides its base.
type Layers []*Vault

// errNoLayers is what layers without a vault answer: nobody shall take them for
// a vault that has no values.
var errNoLayers = fmt.Errorf("the layers are empty: %w", ErrNoVault)

// Get is [Vault.Get] over the layers. Its error is that of the first layer. No
// layers at all fail with [ErrNoVault].
func (l Layers) Get(path string) (Secret, error) {
	if len(l) == 0 {
		return Secret{}, errNoLayers
	}
	var missing error
	for _, v := range l {
		s, err := v.Get(path)
		if !errors.Is(err, format.ErrNotFound) {
			return s, err
		}
		if missing == nil {
			missing = err
		}
	}
	return Secret{}, missing
}

// Names lists the paths of all layers, each once: those of the last layer, the
// base, first, in their order, then what each other layer adds.
func (l Layers) Names() ([]string, error) {
	if len(l) == 0 {
		return nil, errNoLayers
	}
	var names []string
	seen := map[string]bool{}
	for _, v := range slices.Backward(l) {
		more, err := v.Names()
		if err != nil {
			return nil, err
		}
		for _, n := range more {
			if !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	return names, nil
}
