package backend_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/format/yaml"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/env"
)

// A program opens its vault once and asks it for secrets.
func ExampleOpen() {
	ctx := context.Background()
	_ = os.Setenv("SHOP_KEY", "MDEyMzQ1Njc4OWFiY2RlZg==")
	v, err := backend.Open(ctx, backend.Options{
		Store:  file.NewStore("testdata/example.yml.enc", ""),
		Keys:   keysource.Chain{env.New("SHOP_KEY")},
		Format: yaml.Format{},
	})
	if err != nil {
		log.Fatal(err)
	}
	password, err := v.Get("db.password")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(password)          // what a log would show
	fmt.Println(password.Reveal()) // what the database gets
	// Output:
	// [redacted]
	// correct horse
}

// A token travels through a cookie and comes back; the associated data binds it
// to one user.
func ExampleCipher_Seal() {
	key, _ := keysource.ParseKey([]byte("MDEyMzQ1Njc4OWFiY2RlZg=="))
	c, err := backend.NewCipher(key)
	if err != nil {
		log.Fatal(err)
	}
	token, err := c.Seal([]byte("cart=42"), []byte("user 7"))
	if err != nil {
		log.Fatal(err)
	}
	cart, err := c.Open(token, []byte("user 7"))
	fmt.Println(string(cart), err)
	_, err = c.Open(token, []byte("user 8"))
	fmt.Println(errors.Is(err, backend.ErrAuth))
	// Output:
	// cart=42 <nil>
	// true
}
