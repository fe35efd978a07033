package config_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/location"
)

const network = `version: 1
environments:
  production:
    credentials: etcd://etcd1:2379,etcd2:2379/shop/production
    store: {ca: etcd-ca.pem, cert: /etc/shop/client.pem, key: /etc/shop/client.key, user: shop, password_env: SHOP_ETCD, timeout: 5s}
  staging:
    credentials: s3://shop-secrets/staging.toml.enc
    store: {region: eu-central-1, endpoint: "https://s3.example:9000", profile: shop, poll: 1m}
  local: {}
`

func TestCredentialsInAStore(t *testing.T) {
	dir := tree(t, map[string]string{config.FileName: network})
	resolve := func(env string, stores func(location.Location) (backend.Store, error)) *config.Config {
		t.Helper()
		c, err := config.Resolve(config.Overrides{Dir: dir, Environment: env, Stores: stores})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := resolve("production", nil)
	want := location.Location{
		URL: "etcd://etcd1:2379,etcd2:2379/shop/production", CA: filepath.Join(dir, "etcd-ca.pem"),
		Cert: "/etc/shop/client.pem", Key: "/etc/shop/client.key", User: "shop", PasswordEnv: "SHOP_ETCD", Timeout: 5 * time.Second,
	}
	if c.Location() != want || !c.Remote() || c.Format().Name() != "yaml" {
		t.Errorf("production: %+v, %s", c.Location(), c.Format().Name())
	}
	if got := c.PreviousPath(); got != filepath.Join(dir, "credentials", "production.previous.enc") {
		t.Errorf("previous keys are in %s", got)
	}
	o, err := c.Options()
	if err != nil || o.Store.Name() != want.URL {
		t.Fatalf("%+v, %v", o, err)
	}
	var mistake *config.Error
	if _, err := o.Store.Load(t.Context(), ""); !errors.As(err, &mistake) || !strings.Contains(err.Error(), "network.Open") {
		t.Errorf("a program that knows no stores: %v", err)
	}

	c = resolve("staging", func(l location.Location) (backend.Store, error) { return named(l.ID()), nil })
	if c.Format().Name() != "toml" || c.Location().Poll != time.Minute {
		t.Errorf("staging: %+v", c.Location())
	}
	o, err = c.Options()
	if err != nil || o.Store.Name() != "s3://shop-secrets/staging.toml.enc at https://s3.example:9000" {
		t.Errorf("%v, %v", o.Store, err)
	}
	if c = resolve("local", nil); c.Remote() || c.Location() != (location.Location{}) {
		t.Errorf("local: %+v", c.Location())
	}
}

func TestMistakesOfStoresAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"credentials: etcd://h/x\nstore: {pasword_env: X}\n":                    `unknown field "store.pasword_env"; did you mean "password_env"?`,
		"credentials: etcd://u:hunter2@h/x\n":                                   "must not hold a password",
		"credentials: gopher://h/x\n":                                           "no store is reached by gopher://",
		"credentials: etcd://h/x\nstore: {cert: a.pem}\n":                       "cert and key belong together",
		"credentials: etcd://h/x\nstore: {password_env: A, password_file: b}\n": "not from both",
		"credentials: s3://b/x\nstore: {poll: often}\n":                         `store.poll: "often" is not a time`,
		"credentials: s3://b/x\nstore: {timeout: -1s}\n":                        `store.timeout: "-1s" is not a time`,
		"store: {user: me}\n":                                                   "credentials.yml.enc is a file",
		"credentials: https://h/x\nstore: [a]\n":                                "store has to be a mapping",
		"credentials: https://h/x\nenvironments: {a: {store: {endpoint: e}}}\n": "is a file",
	} {
		dir := tree(t, map[string]string{config.FileName: "version: 1\n" + text})
		_, err := config.Resolve(config.Overrides{Dir: dir})
		if err == nil && strings.Contains(text, "environments") {
			_, err = config.Resolve(config.Overrides{Dir: dir, Environment: "a"})
		}
		var mistake *config.Error
		if !errors.As(err, &mistake) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error quotes a password: %v", err)
		}
	}
}

// named is a store that has a name and nothing else.
type named string

func (n named) Name() string { return string(n) }

func (named) Load(context.Context, backend.Version) (backend.Snapshot, error) {
	return backend.Snapshot{}, backend.ErrNoVault
}

func (named) Save(context.Context, []byte, backend.Version) (backend.Version, error) {
	return "", backend.ErrReadOnlyStore
}
