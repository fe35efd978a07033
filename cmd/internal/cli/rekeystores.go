package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/keysource"
)

// written are those of the environments that keep their document in a store that
// takes saves.
func written(envs []*config.Config) []*config.Config {
	var all []*config.Config
	for _, e := range envs {
		if e.Remote() && !e.Location().ReadOnly() {
			all = append(all, e)
		}
	}
	return all
}

// refuseReadOnly refuses to change the key by way of an environment whose document
// cannot be written from here: that would leave the document behind.
func refuseReadOnly(env *config.Config, shared []*config.Config) error {
	if !env.Location().ReadOnly() {
		return nil
	}
	hint := "change the key in the vault that the document is written in; it comes here from there"
	for _, e := range shared {
		if !e.Location().ReadOnly() {
			hint = "--env " + quote(e.Environment) + " has the same key, and its document can be written"
			break
		}
	}
	return &codeError{&hintError{
		fmt.Errorf("%s is for reading alone, so its key is not changed by way of it, and nothing is changed", oneLine(env.DisplayCredentials())),
		hint,
	}, exitPolicy}
}

// noteUnwritten says what is to become of documents that are for reading alone.
func (a *app) noteUnwritten(shared []*config.Config) {
	for _, e := range shared {
		if e.Location().ReadOnly() {
			a.note("note: %s (environment %s) is for reading alone: the previous key opens it until the document behind it is encrypted under the new one, where that is written",
				oneLine(e.DisplayCredentials()), e.Environment)
		}
	}
}

// noteWriters says, for --leaver, what the new key does not take away: who may write to a
// store can put a document there under the old key, which opens as long as that is kept.
func (a *app) noteWriters(shared []*config.Config, o rekeyOptions) {
	if !o.leaver {
		return
	}
	for _, e := range written(shared) {
		a.note("note: whoever left and may still write %s can put a document there that opens here: take that right away, and then %s rekey --forget-previous%s",
			oneLine(e.DisplayCredentials()), a.name, inEnvironment(e))
	}
}

// readyStores finds out, before a key is made, that each document in a store can be
// read and written. It returns those that a previous key opens and the present one does
// not: an earlier rekey changed the key and could not finish.
func readyStores(ctx context.Context, envs []*config.Config, key keysource.Key) (behind []*config.Config, err error) {
	for _, e := range written(envs) {
		for {
			store, snap, previous, err := storedUnder(ctx, e, key)
			if err != nil {
				return nil, err
			}
			// The same bytes, so that it does not matter who comes in between.
			_, err = store.Save(ctx, snap.Blob, snap.Version)
			if errors.Is(err, backend.ErrConflict) && ctx.Err() == nil {
				continue
			}
			if err != nil {
				return nil, cannotWrite(e, err)
			}
			if previous {
				behind = append(behind, e)
			}
			break
		}
	}
	return behind, nil
}

// cannotWrite is the error of a store that did not take the bytes that it has.
func cannotWrite(e *config.Config, err error) error {
	name := oneLine(e.DisplayCredentials())
	switch {
	case errors.Is(err, backend.ErrUncertain): // it matters to nobody whether these bytes were saved again
		return &codeError{&hintError{
			fmt.Errorf("%s (environment %s) did not say that it can be written, so nothing is changed", name, e.Environment),
			"try again, once it answers",
		}, exitStore}
	case errors.Is(err, fs.ErrPermission):
		return &hintError{
			fmt.Errorf("%s (environment %s) cannot be written, so nothing is changed: %w", name, e.Environment, err),
			"let this user write there, or name one who may under store: in flask-vault.yaml",
		}
	}
	return fmt.Errorf("%s (environment %s) cannot be written, so nothing is changed: %w", name, e.Environment, err)
}

// storedUnder loads the document of an environment from its store, and reports
// whether a previous key opens it and the present one does not.
func storedUnder(ctx context.Context, e *config.Config, key keysource.Key) (store backend.Store, snap backend.Snapshot, previous bool, err error) {
	o, err := e.Options()
	if err != nil {
		return nil, snap, false, err
	}
	store = o.Store
	if snap, err = store.Load(ctx, ""); err != nil {
		return nil, snap, false, fmt.Errorf("%s: %w", store.Name(), err)
	}
	opens := func(c *backend.Cipher) error {
		content, err := c.OpenContentFrom(ctx, store.Name(), bytes.NewReader(snap.Blob), backend.FileOptions{})
		if err == nil {
			_ = content.Close()
		}
		return err
	}
	now, err := backend.NewCipher(key)
	if err != nil {
		return nil, snap, false, err
	}
	if err = opens(now); !errors.Is(err, backend.ErrAuth) {
		return store, snap, false, err
	}
	all, err := backend.FindKey(ctx, o)
	if err == nil {
		err = opens(all)
	}
	return store, snap, err == nil, err
}

// finishStores does what an earlier rekey left undone. It returns what resealStored does.
func (a *app) finishStores(ctx context.Context, behind []*config.Config, key keysource.Key, o rekeyOptions) ([]string, error) {
	a.note("an earlier rekey made the key %s and could not finish: that is done now", key.ID())
	names, err := a.resealStored(ctx, behind, o)
	if err == nil && o.saving == nil {
		a.note("no other key is made; %s rekey makes one now", a.name)
	}
	return names, err
}

// resealStored encrypts the documents in stores under the key that a rekey has just
// put in place. Until then, and where it fails, they open with the previous key,
// which is kept beside, and the next rekey finishes: so this needs no journal. It
// returns the names of those that are done even if it fails.
func (a *app) resealStored(ctx context.Context, envs []*config.Config, o rekeyOptions) ([]string, error) {
	var names []string
	for _, e := range written(envs) {
		name, err := a.resealOne(ctx, e)
		if err != nil {
			again := a.name + " rekey"
			if o.leaver {
				again += " --leaver"
			}
			return names, &hintError{
				fmt.Errorf("the new key is in place, and a document in a store is still under the previous one, which opens it: %w", err),
				again + " finishes it, and makes no other key, once the store can be written",
			}
		}
		names = append(names, name)
	}
	return names, nil
}

// resealOne encrypts one of them, and returns its name.
func (a *app) resealOne(ctx context.Context, e *config.Config) (string, error) {
	now, err := e.In(e.Environment) // with the new key's id
	if err != nil {
		return "", err
	}
	o, err := now.Options()
	if err != nil {
		return "", err
	}
	v, err := backend.Open(ctx, o)
	if err != nil {
		return "", err
	}
	if err := v.Reseal(ctx); err != nil {
		return "", err
	}
	a.note("%s is encrypted under the new key", oneLine(v.Name()))
	return v.Name(), nil
}

// refuseForgetting refuses to forget the previous keys while the document in a store
// is under one of them.
func (a *app) refuseForgetting(ctx context.Context, e *config.Config, key keysource.Key) error {
	if !e.Remote() {
		return nil
	}
	store, _, previous, err := storedUnder(ctx, e, key)
	switch {
	case errors.Is(err, backend.ErrNoVault), errors.Is(err, backend.ErrAuth):
		return nil // no key that is kept opens it
	case err != nil:
		return err
	case !previous:
		return nil
	}
	hint := a.name + " rekey finishes that; --force gives it up"
	if e.Location().ReadOnly() {
		hint = "encrypt it under the new key where it is written; --force gives it up"
	}
	return &codeError{&hintError{fmt.Errorf("%s can be opened with a previous key alone", store.Name()), hint}, exitPolicy}
}
