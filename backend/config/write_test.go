package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flask-vault/flask-vault/backend/config"
)

// withFile makes a directory with this flask-vault.yaml.
func withFile(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnEnvironmentIsAdded(t *testing.T) {
	for name, text := range map[string]string{
		"no file":        "",
		"no environment": "version: 1\n",
		"block":          "version: 1\nenvironments:\n  production:\n    key_id: \"01234567\"\n",
		"flow over lines": "version: 1\nenvironments:\n  production:\n    keysource: [\n      env,\n      file,\n    ]\n" +
			"required: [db.password]\n",
		"block scalar": "version: 1\nenvironments:\n    production:\n      base: |-\n        default\n\n# the end\n",
	} {
		dir := withFile(t, text)
		c, err := config.Resolve(config.Overrides{Dir: dir, Environment: "staging", NewEnvironment: true, Here: true})
		if err != nil {
			if text != "" {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err := os.Remove(filepath.Join(dir, config.FileName)); err != nil {
				t.Fatal(err)
			}
			if c, err = config.Resolve(config.Overrides{Dir: dir, Environment: "staging", NewEnvironment: true, Here: true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.AddEnvironment(t.Context(), "89abcdef"); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		after, err := config.Resolve(config.Overrides{Dir: dir, Environment: "staging"})
		if err != nil {
			written, _ := os.ReadFile(filepath.Join(dir, config.FileName))
			t.Errorf("%s: %v in\n%s", name, err, written)
			continue
		}
		if after.KeyID != "89abcdef" || strings.Contains(text, "production") && len(after.Environments) != 3 {
			t.Errorf("%s: %q, %v", name, after.KeyID, after.Environments)
		}
	}
}

// TestEnvironmentsAddedAtOnce has several processes add one each.
func TestEnvironmentsAddedAtOnce(t *testing.T) {
	dir := withFile(t, "version: 1\n")
	const n = 8
	var wg sync.WaitGroup
	for i := range n {
		c, err := config.Resolve(config.Overrides{Dir: dir, Environment: fmt.Sprint("e", i), NewEnvironment: true})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if err := c.AddEnvironment(t.Context(), "89abcdef"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c, err := config.Resolve(config.Overrides{Dir: dir})
	if err != nil || len(c.Environments) != n+1 {
		t.Errorf("%v, %v", c.Environments, err)
	}
}

func TestKeyIDsAreReplaced(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\nkey_id: \"01234567\" # ours\n":             "version: 1\nkey_id: \"89abcdef\" # ours\n",
		"version: 1\nkey_id: abcdefab\n":                        "version: 1\nkey_id: \"89abcdef\"\n",
		"version: 1\n":                                          "",
		"version: 1\nkey_id:\n":                                 "",
		"{version: 1, base: \"\", key_id: '01234567'}\n":        "{version: 1, base: \"\", key_id: \"89abcdef\"}\n",
		"{version: 1, not_secret: [\"é\"], key_id: '01234567'}": "{version: 1, not_secret: [\"é\"], key_id: \"89abcdef\"}",
		"version: 1\rkey_id: \"01234567\"\r":                    "refused",
		"version: 1\nrequired: [&id \"01234567\"]\nkey_id: *id": "refused",
		"version: 1\n? key_id\n: |-\n  01234567\n":              "refused",
	} {
		c, err := config.Resolve(config.Overrides{Dir: withFile(t, text)})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got, err := c.WithKeyIDs([]string{config.DefaultEnvironment}, "89abcdef")
		if want == "refused" {
			if err == nil || !strings.Contains(err.Error(), "write it as") {
				t.Errorf("%q: %q, %v", text, got, err)
			}
			continue
		}
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
