package viperconfig_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/viper"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/config/viperconfig"
)

// vault makes a vault with these credentials and, from a program's own
// configuration file, a viper that selects it.
func vault(dir, name, credentials string) (*viper.Viper, backend.Layers, error) {
	files := map[string]string{
		"flask-vault.yaml": "version: 1\nenvironments:\n  production:\n    credentials: " + name + "\n    keysource: [{file: {path: prod.key}}]\n",
		"app.yaml":         "flask_vault:\n  config: " + filepath.Join(dir, "flask-vault.yaml") + "\n  environment: production\nserver: {port: 8080}\ndb: {host: localhost}\n",
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			return nil, nil, err
		}
	}
	v := viper.New()
	v.SetConfigFile(filepath.Join(dir, "app.yaml"))
	if err := v.ReadInConfig(); err != nil {
		return nil, nil, err
	}
	c, err := config.Resolve(viperconfig.Overrides(v))
	if err != nil {
		return nil, nil, err
	}
	o, err := c.Options()
	if err != nil {
		return nil, nil, err
	}
	ctx := context.Background()
	if _, err := backend.Init(ctx, o); err != nil {
		return nil, nil, err
	}
	opened, err := backend.Open(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if _, err := opened.Edit(ctx, func([]byte) ([]byte, error) { return []byte(credentials), nil }); err != nil {
		return nil, nil, err
	}
	layers, err := c.OpenLayers(ctx)
	return v, layers, err
}

func Example() {
	dir, _ := os.MkdirTemp("", "viperconfig")
	defer os.RemoveAll(dir)
	// The program's own file says which vault, environment and key sources.
	v, layers, err := vault(dir, "prod.yml.enc", "db.user: shop\ndb.password: hunter2\nport: '8443'\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := viperconfig.Merge(v, layers); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.GetString("db.user"), len(v.GetString("db.password")), v.GetInt("port"), v.GetString("db.host"))
	// Output: shop 7 8443 localhost
}

func TestMergeRefusesWhatViperWouldMixUp(t *testing.T) {
	for credentials, want := range map[string]string{
		"API_KEY: a\napi_key: b\n": "api_key: in viper another name of the vault is the same",
		"a: x\na.b: y\n":           "a.b: in viper it would stand within another value, a",
		"a.b: y\na: x\n":           "a: in viper another name of the vault is the same",
	} {
		v, layers, err := vault(t.TempDir(), "prod.yml.enc", credentials)
		if err != nil {
			t.Fatal(err)
		}
		if err := viperconfig.Merge(v, layers); err == nil || err.Error() != want {
			t.Errorf("%q: %v", credentials, err)
		}
		if v.GetString("db.host") != "localhost" || v.IsSet("a.b") {
			t.Errorf("%q: something was merged", credentials)
		}
	}
}

func TestMergeKeepsTextsAndLists(t *testing.T) {
	for name, credentials := range map[string]string{
		"prod.yml.enc":  "zip: '0123'\nhosts: [a, b]\nnothing:\nsmtp:\n  password: 'yes'\n",
		"prod.json.enc": `{"zip": "0123", "hosts": ["a", "b"], "nothing": null, "smtp": {"password": "yes"}}`,
		"prod.toml.enc": "zip = \"0123\"\nhosts = [\"a\", \"b\"]\n[smtp]\npassword = \"yes\"\n",
	} {
		v, layers, err := vault(t.TempDir(), name, credentials)
		if err != nil {
			t.Fatal(err)
		}
		if err := viperconfig.Merge(v, layers); err != nil {
			t.Fatal(err)
		}
		got := []string{v.GetString("zip"), strings.Join(v.GetStringSlice("hosts"), " "), v.GetString("smtp.password"), v.GetString("nothing")}
		if strings.Join(got, "|") != "0123|a b|yes|" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestOverridesReadVariablesAndLists(t *testing.T) {
	t.Setenv("SHOP_FLASK_VAULT_KEYSOURCE", "env:SHOP_KEY, file")
	v := viper.New()
	v.SetEnvPrefix("shop")
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AutomaticEnv()
	v.Set("flask_vault.environment", "staging")
	o := viperconfig.Overrides(v)
	if fmt.Sprintf("%v %s", o.KeySources, o.Environment) != "[env:SHOP_KEY file] staging" {
		t.Errorf("%+v", o)
	}
}

// TestMergeLosesNothing wants an error where viper would keep something else at a
// name of the vault, without a word.
func TestMergeLosesNothing(t *testing.T) {
	for _, c := range []struct {
		credentials, want string
		prepare           func(*viper.Viper)
	}{
		{"db: hunter2\n", "db: viper has a mapping there already, from the program's own configuration", func(*viper.Viper) {}},
		{"db.host: hunter2\n", "db.host: viper has a mapping there already, from the program's own configuration", func(v *viper.Viper) { v.Set("db.host.x", 1) }},
		{"mail.password: hunter2\n", "mail.password: another setting of viper hides it", func(v *viper.Viper) { v.Set("mail", "none") }},
		{"hosts: [a, ~]\n", "hosts: item 2 of its list is null", func(*viper.Viper) {}},
	} {
		v, layers, err := vault(t.TempDir(), "prod.yml.enc", c.credentials)
		if err != nil {
			t.Fatal(err)
		}
		c.prepare(v)
		if err := viperconfig.Merge(v, layers); err == nil || err.Error() != c.want {
			t.Errorf("%q: %v", c.credentials, err)
		}
	}
}

// TestMergeAndDecodeAgree on all that both take.
func TestMergeAndDecodeAgree(t *testing.T) {
	v, layers, err := vault(t.TempDir(), "prod.yml.enc", "debug: yes\nquiet: off\npins: [0123, '7']\nflags: [on, no]\nempty: []\nport: 80\npin: 0123\nsaid: 'yes'\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := viperconfig.Merge(v, layers); err != nil {
		t.Fatal(err)
	}
	var c struct {
		Debug bool     `vault:"debug"`
		Quiet bool     `vault:"quiet"`
		Pins  []string `vault:"pins"`
		Empty []string `vault:"empty"`
		Port  int      `vault:"port"`
		Pin   string   `vault:"pin"`
		Said  string   `vault:"said"`
	}
	c.Quiet = true
	if err := layers.Decode(&c); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintln(c.Debug, c.Quiet, c.Pins, c.Empty, c.Port, c.Pin, c.Said)
	got := fmt.Sprintln(v.GetBool("debug"), v.GetBool("quiet"), v.GetStringSlice("pins"), v.GetStringSlice("empty"), v.GetInt("port"), v.GetString("pin"), v.GetString("said"))
	if got != want || want != "true false [0123 7] [] 80 0123 yes\n" {
		t.Errorf("viper %s, Decode %s", got, want)
	}
	if flags := fmt.Sprint(v.Get("flags")); flags != "[true false]" {
		t.Errorf("flags %s", flags)
	}
}
