package cli

import (
	"context"
	"errors"
	"os"

	"github.com/flask-vault/flask-vault/backend"
)

// steady resolves the vault and opens it. Where another process changes the
// master key meanwhile, the key can be the one from before and the document the
// one from after, or the other way round: then it opens again.
func (a *app) steady(ctx context.Context, open func(*vault) error) (*vault, error) {
	for {
		c, err := a.resolve()
		if err != nil {
			return nil, err
		}
		if err := a.recover(ctx, c); err != nil {
			return nil, err
		}
		info, _ := os.Stat(c.Path()) // before the key is asked for
		before := seenFile{path: c.Path(), info: info}
		err = open(c)
		if err == nil || ctx.Err() != nil || !a.rekeyed(c, before, err) {
			return c, err
		}
	}
}

// rekeyed reports whether an error can come from a rekey since before.
func (a *app) rekeyed(c *vault, before seenFile, err error) bool {
	var wrongKey *backend.WrongKeyError
	switch {
	case errors.As(err, &wrongKey):
		now, err := a.resolve()
		return err == nil && now.KeyID != c.KeyID
	case errors.Is(err, backend.ErrAuth):
		// Of its number alone a file is not known again: a number that was set free by
		// one change is given to the next.
		return before.changed() || fileExists(c.Journal())
	}
	return false
}
