package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend/config"
)

// tree makes files in a new directory; a name that ends in / is a directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	for _, name := range []string{"FLASK_VAULT_ENV", "FLASK_VAULT_KEYSOURCE", "FLASK_VAULT_CONFIG", "FLASK_VAULT_INSECURE_KEY_FILE"} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDefaultsAreFlaskVaults(t *testing.T) {
	dir := tree(t, nil)
	c, err := config.Resolve(config.Overrides{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := c.Sources()
	if err != nil || keys.Name() != "env FLASK_VAULT_MASTER_KEY, then file master.key" {
		t.Errorf("sources: %s, %v", keys.Name(), err)
	}
	if c.Root != dir || c.Credentials != "credentials.yml.enc" || c.Environment != "default" || c.File != "" {
		t.Errorf("%+v", c)
	}
}

func TestTheVaultIsFoundUpToTheWorkTree(t *testing.T) {
	dir := tree(t, map[string]string{
		"credentials.yml.enc":      "outside",
		"repo/.git/":               "",
		"repo/credentials.yml.enc": "x",
		"repo/a/b/":                "",
		"bare/.git/":               "",
		"bare/a/":                  "",
		"nogit/a/":                 "",
	})
	for from, want := range map[string]string{
		"repo/a/b": "repo", "repo": "repo",
		"bare/a":  "bare/a",  // the vault outside of the work tree is not ours
		"nogit/a": "nogit/a", // outside of git no parent is looked at
	} {
		c, err := config.Resolve(config.Overrides{Dir: filepath.Join(dir, from)})
		if err != nil || c.Root != filepath.Join(dir, want) {
			t.Errorf("from %s: root %s, %v", from, c.Root, err)
		}
	}
	c, err := config.Resolve(config.Overrides{Dir: filepath.Join(dir, "repo/a/b"), Here: true})
	if err != nil || c.Root != filepath.Join(dir, "repo/a/b") {
		t.Errorf("here: root %s, %v", c.Root, err)
	}
}

const shop = `version: 1
keysource: [env, file]
environments:
  production:
    credentials: secrets/prod.yml.enc
    keysource:
      - env: {name: SHOP_PRODUCTION_KEY}
      - file: {path: secrets/prod.key}
    key_id: 7f3a91bc
  staging: {}
`

func TestEnvironments(t *testing.T) {
	dir := tree(t, map[string]string{config.FileName: shop})
	prod, err := config.Resolve(config.Overrides{Dir: dir, Environment: "production"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := prod.Sources()
	if err != nil || keys.Name() != "env SHOP_PRODUCTION_KEY, then file secrets/prod.key" || prod.Credentials != "secrets/prod.yml.enc" || prod.KeyID != "7f3a91bc" {
		t.Errorf("%s, %+v, %v", keys.Name(), prod, err)
	}
	t.Setenv("FLASK_VAULT_ENV", "staging")
	staging, err := config.Resolve(config.Overrides{Dir: dir})
	if err != nil || staging.Environment != "staging" || staging.Credentials != filepath.Join("credentials", "staging.yml.enc") {
		t.Errorf("%+v, %v", staging, err)
	}
	t.Setenv("FLASK_VAULT_KEYSOURCE", "file:/run/secrets/key")
	other, err := config.Resolve(config.Overrides{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := other.Sources(); err != nil || keys.Name() != "file /run/secrets/key" {
		t.Errorf("from the variable: %s, %v", keys.Name(), err)
	}
	flag, err := config.Resolve(config.Overrides{Dir: dir, Environment: "production", KeySources: []string{"env"}})
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := flag.Sources(); err != nil || keys.Name() != "env SHOP_PRODUCTION_KEY" {
		t.Errorf("a name alone keeps its settings: %s, %v", keys.Name(), err)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\ncredntials: x\n":                     `unknown field "credntials"; did you mean "credentials"?`,
		"version: 1\nenvironments: {prod: {key-id: x}}\n": `did you mean "key_id"?`,
		"version: 2\n":     `"version: 1"`,
		"credentials: x\n": `"version: 1"`,
		"version: 1\ncredentials: ../../etc/passwd\n":           "leads out of the directory",
		"version: 1\ncredentials: /etc/passwd\n":                "leads out of the directory",
		"version: 1\nkeysource: [../run-me]\n":                  "is not made of a-z, 0-9 and -",
		"version: 1\nkeysource: [{env: {name: A}, file: {}}]\n": "it is not one name with its settings",
		"version: 1\nkeysource: [{env: X}]\n":                   "are not of the form",
		"version: 1\nkeysource: [{env: {name: [a]}}]\n":         "is not a single value",
		"version: 1\nkeysource: [7]\n":                          "neither the name of a key source",
		"version: 1\nenvironments: {\"Prod_1\": {}}\n":          "is not made of a-z, 0-9 and -",
		"version: 1\nenvironments: {default: {}}\n":             "at its top level",
		"version: [\n": "it is not YAML",
	} {
		dir := tree(t, map[string]string{config.FileName: text})
		_, err := config.Resolve(config.Overrides{Dir: dir})
		var mistake *config.Error
		if !errors.As(err, &mistake) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	dir := tree(t, map[string]string{config.FileName: shop})
	_, err := config.Resolve(config.Overrides{Dir: dir, Environment: "prodution"})
	if err == nil || !strings.Contains(err.Error(), `did you mean "production"?`) {
		t.Errorf("unknown environment: %v", err)
	}
	hostile := tree(t, map[string]string{config.FileName: "version: 1\nkeysource: [{file: {path: ../../x}}]\n"})
	c, err := config.Resolve(config.Overrides{Dir: hostile})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Sources(); err == nil || !strings.Contains(err.Error(), "leads out of the directory") {
		t.Errorf("a key file outside: %v", err)
	}
}

// TestPluginTimesHaveALimit: a clone's configuration cannot make a call hang, the user can.
func TestPluginTimesHaveALimit(t *testing.T) {
	for _, c := range []struct{ field, variable, want string }{
		{"call_timeout: 9000h", "", "FLASK_VAULT_PLUGIN_CALL_TIMEOUT may say more"},
		{"start_timeout: 2m1s", "", "FLASK_VAULT_PLUGIN_START_TIMEOUT may say more"},
		{"call_timeout: 2m", "", ""},
		{"call_timeout: 9000h", "9000h", ""},
	} {
		dir := tree(t, map[string]string{config.FileName: "version: 1\nplugins: {" + c.field + "}\n"})
		t.Setenv("FLASK_VAULT_PLUGIN_CALL_TIMEOUT", c.variable)
		_, err := config.Resolve(config.Overrides{Dir: dir})
		var mistake *config.Error
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"db.password", "db.user", "smtp.password", "a"}
	for word, want := range map[string]string{
		"db.pasword": "db.password", "db.usr": "db.user", "DB.PASSWORD": "db.password", "stripe": "", "": "", "x": "",
	} {
		if got := config.Nearest(word, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
