package config

import (
	"context"
	"path/filepath"

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
	// Whoever is at it now holds this lock or that of the journal; then there is
	// nothing left to do.
	unlock, err := c.Store(c.Path()).Lock(ctx)
	if err != nil {
		return rekey.Nothing, err
	}
	defer unlock()
	keys, err := c.Sources()
	if err != nil {
		return rekey.Nothing, err
	}
	return rekey.Recover(ctx, c.Journal(), keys)
}
