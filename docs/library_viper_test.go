package docs

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/viper"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/config/viperconfig"
)

// withViper opens the vault that v selects, and puts its values into v.
func withViper(ctx context.Context, v *viper.Viper) error {
	c, err := config.Resolve(viperconfig.Overrides(v))
	if err != nil {
		return err
	}
	layers, err := c.OpenLayers(ctx)
	if err != nil {
		return err
	}
	return viperconfig.Merge(v, layers)
}

func TestWithViper(t *testing.T) {
	file := filepath.Join(t.TempDir(), "flask-vault.yaml")
	if err := os.WriteFile(file, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Resolve(config.Overrides{File: file})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Options()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backend.Init(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	opened, err := backend.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened.Edit(t.Context(), func([]byte) ([]byte, error) { return []byte("db.password: hunter2\n"), nil }); err != nil {
		t.Fatal(err)
	}
	v := viper.New()
	v.Set("flask_vault.config", file)
	if err := withViper(t.Context(), v); err != nil || v.GetString("db.password") != "hunter2" {
		t.Error(err)
	}
}
