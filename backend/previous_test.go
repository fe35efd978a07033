package backend_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/keysource"
)

func TestOpenKeysReadsWhatSealKeysWrote(t *testing.T) {
	c := newCipher(t)
	keys := []keysource.Key{keysource.NewKey(), keysource.NewKey()}
	sealed, err := c.SealKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.OpenKeys(sealed); err != nil || !slices.EqualFunc(got, keys, keysource.Key.Equal) {
		t.Errorf("%v, or other keys", err)
	}
	if _, err := newCipher(t).OpenKeys(sealed); !errors.Is(err, backend.ErrAuth) {
		t.Errorf("with another key: %v", err)
	}
	text, err := c.Seal([]byte("no key\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.OpenKeys(text); !errors.Is(err, keysource.ErrBadKey) {
		t.Errorf("of another text: %v", err)
	}
}
