// Package vaulttest makes vaults for the tests of the examples.
package vaulttest

import (
	"context"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
)

// Make makes a vault in dir with this text.
func Make(t testing.TB, dir, text string) {
	t.Helper()
	c, err := config.Resolve(config.Overrides{Dir: dir, Here: true})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Options()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backend.Init(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	Save(t, dir, text)
}

// Save gives the vault in dir another text.
func Save(t testing.TB, dir, text string) {
	t.Helper()
	v, err := config.Open(context.Background(), config.Overrides{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Edit(context.Background(), func([]byte) ([]byte, error) { return []byte(text), nil }); err != nil {
		t.Fatal(err)
	}
}
