// Command plugin reads a secret of a vault whose key a plugin has. The project's
// flask-vault.yaml names the plugin, and each user has installed it.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/keysource/external"
)

func open(ctx context.Context) error {
	vault, err := config.Open(ctx, config.Overrides{
		Plugins: external.Options{
			Notice: func(line string) { log.Print(line) }, // "waiting for plugin …"; without it nothing is shown
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("key %s from %s\n", vault.KeyID(), vault.KeySource())
	password, err := vault.Get("db.password")
	if err != nil {
		return err
	}
	fmt.Println("db.password:", password)
	return nil
}

func main() {
	if err := open(context.Background()); err != nil {
		log.Fatal(err)
	}
}
