package config_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/rekey"
	"github.com/flask-vault/flask-vault/keysource"
)

// dying is a source in whose save the process dies, once the key is kept.
type dying struct{ keysource.Saver }

func (d dying) Save(ctx context.Context, k keysource.Key) error {
	if err := d.Saver.Save(ctx, k); err != nil {
		return err
	}
	panic("killed")
}

// TestRecoverMovesKeyIDs finishes a rekey over a configuration as it was left, and over
// one that was changed meanwhile. The vault opens at once, and each later time.
func TestRecoverMovesKeyIDs(t *testing.T) {
	for name, change := range map[string]func(text string) string{
		"as it was":         func(text string) string { return text },
		"changed meanwhile": func(text string) string { return text + "# a comment\n" },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			open := func() *config.Config {
				t.Helper()
				c, err := config.Resolve(config.Overrides{Dir: dir})
				if err != nil {
					t.Fatal(err)
				}
				return c
			}
			o, err := open().Options()
			if err != nil {
				t.Fatal(err)
			}
			made, err := backend.Init(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, config.FileName)
			write := func(text string) {
				t.Helper()
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			text := "version: 1\nkey_id: \"" + made.KeyID + "\"\n"
			write(text)
			c := open()
			keys, err := c.Sources()
			if err != nil {
				t.Fatal(err)
			}
			old, source, err := keys.Find(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			func() {
				defer func() { _ = recover() }()
				_, _ = rekey.Run(t.Context(), rekey.Plan{
					Journal: c.Journal(), Old: old, Source: dying{source.(keysource.Saver)},
					Files: []string{c.Path()}, Previous: []string{c.PreviousPath()},
					Plain: func(id string) (map[string][]byte, error) {
						text, err := c.WithKeyIDs(c.Environments, id)
						return map[string][]byte{file: text}, err
					},
				})
			}()
			write(change(text))
			for range 2 {
				v, err := open().Open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				after, err := os.ReadFile(file)
				if err != nil || v.KeyID() == made.KeyID || string(after) != strings.ReplaceAll(change(text), made.KeyID, v.KeyID()) {
					t.Errorf("key %s: %s, %v", v.KeyID(), after, err)
				}
			}
		})
	}
}
