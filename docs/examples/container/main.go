// Command container is a program for an image without a shell and without a key.
// The key is in a file that is mounted when the container starts:
//
//	docker run --mount type=bind,src=/srv/shop/master.key,dst=/run/secrets/master.key,readonly shop
//
// The Dockerfile says where that is, with FLASK_VAULT_KEYSOURCE.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
)

// settings come from the encrypted file in the image; a variable of the
// container, such as -e SHOP_DB__HOST=db.example, goes above it.
type settings struct {
	DB struct {
		Host     string         `vault:"host,required"`
		Password backend.Secret `vault:"password,required"`
	} `vault:"db"`
	Timeout time.Duration `vault:"timeout"`
}

func read(ctx context.Context) (settings, error) {
	s := settings{Timeout: 10 * time.Second} // where the file says nothing
	vault, err := config.Open(ctx, config.Overrides{})
	if err != nil {
		return s, err
	}
	err = backend.Environ{Of: vault, Prefix: "SHOP_"}.Decode(&s)
	return s, err
}

func main() {
	s, err := read(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("connecting to %s, password %v, timeout %v\n", s.DB.Host, s.DB.Password, s.Timeout)
}
