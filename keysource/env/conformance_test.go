package env_test

import (
	"os"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/env"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
)

func TestConformance(t *testing.T) {
	const name = "FLASK_VAULT_CONFORMANCE_KEY"
	t.Setenv(name, "") // puts back what was there
	keysourcetest.Run(t, keysourcetest.Harness{
		New: func(s keysource.Settings) (keysource.Source, error) {
			return env.New(s["name"]), s.Only("name")
		},
		Settings: keysource.Settings{"name": name},
		Put:      func(text []byte) error { return os.Setenv(name, string(text)) },
		Clear:    func() error { return os.Unsetenv(name) },
	})
}
