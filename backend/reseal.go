package backend

import (
	"context"
	"fmt"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// Reseal opens the encrypted file at path with the keys of old and writes it to f,
// which is empty, sealed with c. Then it opens that and compares. A file of any size
// takes little memory.
func (c *Cipher) Reseal(ctx context.Context, old *Cipher, path string, f *durable.File) error {
	before, err := old.OpenContent(ctx, path, FileOptions{})
	if err != nil {
		return err
	}
	defer before.Close()
	r, done := before.stream(ctx)
	err = c.SealTo(ctx, destinationWriter{f}, path, r, FileOptions{})
	done()
	if err != nil {
		return err
	}
	same, err := c.equalContents(ctx, before, f)
	if err == nil && !same {
		err = fmt.Errorf("%s: what was encrypted does not decrypt again; nothing is changed", path)
	}
	return err
}
