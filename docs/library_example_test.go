package docs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/yaml"
	"github.com/flask-vault/flask-vault/keysource"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

// openExplicit opens a vault without any configuration.
func openExplicit(ctx context.Context) (*backend.Vault, error) {
	return backend.Open(ctx, backend.Options{
		Store:  storefile.NewStore("credentials.yml.enc", ""),
		Keys:   keysource.Chain{keyfile.New("master.key", keyfile.Options{})},
		Format: yaml.Format{},
	})
}

// get tells a value that is missing from one that is there.
func get(v *backend.Vault) {
	_, err := v.Get("db.passwort")
	fmt.Println(errors.Is(err, format.ErrNotFound), err)

	password := v.MustGet("db.password") // panics without it, naming the key
	fmt.Printf("%v %d\n", password, len(password.Reveal()))
}

// appConfig is what a program needs of its vault.
type appConfig struct {
	DB struct {
		Username string         `vault:"username,required"`
		Password backend.Secret `vault:"password,required"`
		Port     uint16         `vault:"port"`
	} `vault:"db"`
	Timeout time.Duration `vault:"timeout"`
	API     *url.URL      `vault:"api.url"`
	Cookie  []byte        `vault:"cookie.key"` // base64
	TLS     []byte        `vault:"tls.key,pem"`
	Hosts   []string      `vault:"hosts"`
}

func decode(v *backend.Vault) error {
	c := appConfig{Timeout: 10 * time.Second} // where the vault has none
	c.DB.Port = 5432
	if err := v.Decode(&c); err != nil {
		return err
	}
	fmt.Println(c.DB, c.Timeout, c.API.Host, len(c.Cookie), c.Hosts)
	return nil
}

// override has variables above the vault: SHOP_DB__PASSWORD, SHOP_TIMEOUT.
func override(v *backend.Vault) error {
	var c appConfig
	return backend.Environ{Of: v, Prefix: "SHOP_"}.Decode(&c)
}

// remember makes a token for a cookie of one user.
func remember(v *backend.Vault, user, cart string) (token []byte, err error) {
	return v.Seal([]byte(cart), []byte("cart of "+user))
}

// recall opens it, for the same user alone.
func recall(v *backend.Vault, user string, token []byte) (cart string, err error) {
	text, err := v.Open(token, []byte("cart of "+user))
	return string(text), err
}

// What docs/library.md shows, in a vault made for it.
func Example_library() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	here, _ := os.Getwd()
	_ = os.Chdir(dir)
	defer func() { _ = os.Chdir(here) }()
	err = makeVault(ctx, "db: {username: shop, password: hunter2}\napi.url: https://api.example/v1\ncookie.key: AAECAwQ=\nhosts: [a, b]\n")
	if err != nil {
		fmt.Println(err)
	}
	v, err := openExplicit(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	get(v)
	fmt.Println(decode(v))
	_ = os.Setenv("SHOP_DB__PORT", "postgres")
	defer os.Unsetenv("SHOP_DB__PORT")
	fmt.Println(override(v))
	token, _ := remember(v, "ada", "42")
	fmt.Println(recall(v, "ada", token))
	_, err = recall(v, "bob", token)
	fmt.Println(errors.Is(err, backend.ErrAuth))
	same, err := config.Open(ctx, config.Overrides{})
	fmt.Println(same.KeyID() == v.KeyID(), err)
	// Output:
	// true no value for db.passwort
	// [redacted] 7
	// {shop [redacted] 5432} 10s api.example 5 [a b]
	// <nil>
	// field DB.Port (db.port, from the variable SHOP_DB__PORT): it is not a number of the type uint16
	// 42 <nil>
	// true
	// true <nil>
}
