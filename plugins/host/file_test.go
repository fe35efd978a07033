//go:build unix

package host_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/host"
)

// file is a whole source; the same type is tested in process and as a plugin.
type file string

func newFile(s keysource.Settings) (keysource.Source, error) {
	if err := s.Only("file"); err != nil {
		return nil, err
	}
	if s["file"] == "" {
		return nil, errors.New("the setting file is missing")
	}
	return file(s["file"]), nil
}

func (f file) Name() string { return "file" }

func (f file) Load(context.Context) (keysource.Key, error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return keysource.Key{}, plugins.Errorf(plugins.NoKey, "no file %s", string(f))
	}
	if err != nil {
		return keysource.Key{}, err
	}
	return keysource.ParseKey(text)
}

func (f file) Save(_ context.Context, k keysource.Key) error {
	if k.IsZero() {
		return errors.New("no key to save")
	}
	return os.WriteFile(string(f), []byte(k.Text()), 0o600)
}

func (f file) Delete(context.Context) error {
	err := os.Remove(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return plugins.Errorf(plugins.NoKey, "no file %s", string(f))
	}
	return err
}

// newSource makes a source in process, or with a path through that
// flask-vault-pluginhost.
func newSource(pluginHost, name string, s keysource.Settings, o external.Options) (keysource.Source, error) {
	if pluginHost == "" {
		return host.New(name, s, o)
	}
	o.Host = pluginHost
	return external.New(name, s, o)
}

func TestConformance(t *testing.T) {
	harness := func(path string, f keysource.Factory) keysourcetest.Harness {
		return keysourcetest.Harness{
			New: f, Settings: keysource.Settings{"file": path},
			Put:   func(text []byte) error { return os.WriteFile(path, text, 0o600) },
			Clear: func() error { return os.RemoveAll(path) },
		}
	}
	t.Run("type", func(t *testing.T) {
		keysourcetest.Run(t, harness(filepath.Join(t.TempDir(), "key"), newFile))
	})
	t.Run("plugin in process", func(t *testing.T) {
		f := newFixture(t)
		f.installSelf("as-file")
		keysourcetest.Run(t, harness(filepath.Join(t.TempDir(), "key"), host.Factory("as-file", f.o)))
	})
	t.Run("plugin through flask-vault-pluginhost", func(t *testing.T) {
		f := newFixture(t)
		f.o.Host = pluginHost(t)
		f.installSelf("as-file")
		keysourcetest.Run(t, harness(filepath.Join(t.TempDir(), "key"), external.Factory("as-file", f.o)))
	})
}
