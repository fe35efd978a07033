package backend

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/flask-vault/flask-vault/keysource"
)

// Created says what [Init] made. What is false was there already.
type Created struct {
	Key       bool
	KeySource string // the name of the source that has the key now
	KeyID     string
	Document  bool
}

// ErrKeyLost is returned by [Init] where a sealed document exists but no source
// has its key: a new key could not open it.
var ErrKeyLost = errors.New("an encrypted file is there, but no key source has its key; a new key could not open it")

// Init makes what is missing of a vault: a key, kept by the first source that
// can keep one, and a document from the format's template. What is there stays
// as it is, and is opened once to see that key and document fit.
// It fails with [ErrKeyLost] rather than make a second key.
func Init(ctx context.Context, o Options) (Created, error) {
	if err := o.complete(); err != nil {
		return Created{}, err
	}
	snap, err := o.Store.Load(ctx, "")
	exists := err == nil
	if err != nil && !errors.Is(err, ErrNoVault) {
		return Created{}, fmt.Errorf("%s: %w", o.Store.Name(), err)
	}
	c, err := FindKey(ctx, o)
	var created Created
	if errors.Is(err, keysource.ErrNoKey) {
		if exists {
			return Created{}, fmt.Errorf("%s: %w", o.Store.Name(), ErrKeyLost)
		}
		c, err = makeKey(ctx, o.Keys)
		created.Key = err == nil
		if errors.Is(err, fs.ErrExist) {
			c, err = FindKey(ctx, o) // somebody else makes this vault at the same moment
		}
	}
	if err != nil {
		return Created{}, err
	}
	created.KeyID, created.KeySource = c.KeyID(), c.KeySource()
	if exists {
		_, err := c.openNamed(o.Store.Name(), snap.Blob)
		return created, err
	}
	blob, err := c.sealVerified(o.Format.Template())
	if err != nil {
		return created, fmt.Errorf("%s: %w", o.Store.Name(), err)
	}
	_, err = save(ctx, o.Store, blob, "")
	if errors.Is(err, ErrConflict) {
		return created, nil // somebody else made it at the same moment, with the same key
	}
	created.Document = err == nil
	return created, err
}

// makeKey makes a key, keeps it in the first source that can, and reads it back.
func makeKey(ctx context.Context, chain keysource.Chain) (*Cipher, error) {
	for _, s := range chain {
		saver, ok := s.(keysource.Saver)
		if !ok {
			continue
		}
		key := keysource.NewKey()
		if err := keysource.CreateVerified(ctx, saver, key); err != nil {
			return nil, err
		}
		return newCipher(key, s.Name())
	}
	return nil, fmt.Errorf("%w, and none of them can keep a new one: %s", keysource.ErrNoKey, chain.Name())
}
