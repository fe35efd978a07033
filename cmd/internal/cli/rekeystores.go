package cli

import (
	"context"
	"fmt"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
)

// eachStored opens the documents of those environments that keep them in a store.
func eachStored(ctx context.Context, envs []*config.Config, do func(*backend.Vault) error) error {
	for _, e := range envs {
		if !e.Remote() {
			continue
		}
		o, err := e.Options()
		if err != nil {
			return err
		}
		v, err := backend.Open(ctx, o)
		if err == nil {
			err = do(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// resealStored encrypts the documents in stores under the key that a rekey has just
// put in place. Until then, and where it fails, they open with the previous key,
// which is kept beside: so this needs no journal. It returns the names of those that
// are done even if it fails.
func (a *app) resealStored(ctx context.Context, envs []*config.Config) ([]string, error) {
	var names []string
	var now []*config.Config // with the new key's id
	for _, e := range envs {
		renewed, err := e.In(e.Environment)
		if err != nil {
			return nil, err
		}
		now = append(now, renewed)
	}
	err := eachStored(ctx, now, func(v *backend.Vault) error {
		if err := v.Reseal(ctx); err != nil {
			return err
		}
		a.note("%s is encrypted under the new key", oneLine(v.Name()))
		names = append(names, v.Name())
		return nil
	})
	if err != nil {
		return names, &hintError{
			fmt.Errorf("the new key is in place, and a document in a store is still under the previous one, which opens it: %w", err),
			a.name + " rekey, once the store can be reached",
		}
	}
	return names, nil
}
