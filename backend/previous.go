package backend

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/flask-vault/flask-vault/keysource"
)

// The previous keys are kept as text, one a line as master.key has it, the
// newest first, encrypted under the present key. So whoever has the present key
// opens what was encrypted before it changed, with no second secret to pass on.

// PreviousKeys reads the file of previous keys. No file is no keys.
func (c *Cipher) PreviousKeys(path string) ([]keysource.Key, error) {
	if path == "" {
		return nil, nil
	}
	sealed, err := readFile(path, MaxDocument)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.openKeys(path, sealed)
}

// OpenKeys reads the content of a file of previous keys.
func (c *Cipher) OpenKeys(sealed []byte) ([]keysource.Key, error) {
	return c.openKeys("previous keys", sealed)
}

func (c *Cipher) openKeys(name string, sealed []byte) ([]keysource.Key, error) {
	text, err := c.openNamed(name, sealed)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	var keys []keysource.Key
	for line := range bytes.Lines(text) {
		k, err := keysource.ParseKey(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// SealKeys is the content of a file of previous keys.
func (c *Cipher) SealKeys(keys []keysource.Key) ([]byte, error) {
	var text []byte
	defer func() { clear(text) }()
	for _, k := range keys {
		text = append(append(text, k.Text()...), '\n')
	}
	return c.sealVerified(text)
}
