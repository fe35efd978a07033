package config

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"

	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/backend/rekey"
)

// JournalName is the file that lies in a vault's directory while a rekey is under way.
const JournalName = ".flask-vault-rekey.json"

// Journal is the path of the journal of a rekey.
func (c *Config) Journal() string { return filepath.Join(c.Root, JournalName) }

// Recover finishes or forgets a rekey that was interrupted, if there was one.
func (c *Config) Recover(ctx context.Context) (rekey.Outcome, error) {
	if !exists(c.Journal()) {
		return rekey.Nothing, nil
	}
	// Whoever is at it now holds these locks or that of the journal; then there is
	// nothing left to do.
	var all []*Config
	for _, name := range c.Environments {
		if e, err := c.In(name); err == nil {
			all = append(all, e)
		}
	}
	unlock, err := Lock(ctx, all)
	if err != nil {
		return rekey.Nothing, err
	}
	defer unlock()
	oldID, newID := rekey.Keys(c.Journal())
	// The source that the rekey changed may be another environment's.
	var stuck error
	for _, e := range append([]*Config{c}, all...) {
		keys, err := e.Sources()
		if err != nil {
			stuck = cmp.Or(stuck, err)
			continue
		}
		outcome, err := rekey.Recover(ctx, c.Journal(), keys)
		if err == nil && outcome == rekey.Finished {
			err = c.moveKeyIDs(ctx, oldID, newID)
		}
		if !errors.Is(err, rekey.ErrStuck) {
			return outcome, err
		}
		stuck = cmp.Or(stuck, err)
	}
	return rekey.Nothing, stuck
}

// moveKeyIDs records the new key of a rekey that is finished now in a configuration that
// was changed meanwhile, and so was not replaced, for each environment that has the key.
func (c *Config) moveKeyIDs(ctx context.Context, oldID, newID string) error {
	var names []string
	for _, name := range c.Environments {
		e, err := c.In(name)
		if err != nil || e.KeyID != oldID || oldID == "" {
			continue
		}
		keys, err := e.Sources()
		if err != nil {
			continue
		}
		if k, err := keys.Load(ctx); err == nil && k.ID() == newID {
			names = append(names, name)
		}
	}
	text, err := c.WithKeyIDs(names, newID)
	if err == nil && text != nil {
		err = replaceFile(c.File, text)
	}
	if now, e := c.In(c.Environment); e == nil { // what the file says now
		c.KeyID = now.KeyID
	}
	return err
}

// Lock locks the local files of environments, those in which they save, for whoever
// changes several of them in one step. Every process takes them in the same order.
// Its error is that of [storefile.Store.Lock].
func Lock(ctx context.Context, environments []*Config) (unlock func(), err error) {
	var paths []string
	for _, e := range environments {
		for _, path := range []string{e.Path(), e.LocalPath()} {
			if target, err := filepath.EvalSymlinks(path); err == nil {
				paths = append(paths, target)
			} else if path == e.Path() && exists(filepath.Dir(path)) {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	var locked []func()
	unlock = func() {
		for _, u := range slices.Backward(locked) {
			u()
		}
	}
	for _, path := range slices.Compact(paths) {
		u, err := storefile.NewStore(path, "").Lock(ctx)
		if err != nil {
			unlock()
			return nil, err
		}
		locked = append(locked, u)
	}
	return unlock, nil
}
