package host_test

import (
	"fmt"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/host"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

func ExampleFactory() {
	store, err := trust.At("/nonexistent") // or trust.Default()
	if err != nil {
		panic(err)
	}
	registry := keysource.Registry{"keyring": host.Factory("keyring", external.Options{Store: store})}
	_, err = registry.New("keyring", keysource.Settings{"service": "shop"})
	fmt.Println(err)
	// Output: key source keyring: plugin "keyring" is not installed; type: flask-vault plugin install PATH --name keyring
}
