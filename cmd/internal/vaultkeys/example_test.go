package vaultkeys_test

import (
	"fmt"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
	"github.com/flask-vault/flask-vault/keysource"
)

func ExampleFault() {
	fmt.Println(vaultkeys.Fault([]byte("password: hunter22\n")))
	c, err := backend.NewCipher(keysource.NewKey())
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := c.Seal([]byte("password: hunter22\n"), nil)
	fmt.Printf("%q %v\n", vaultkeys.Fault(sealed), err)
	// Output:
	// it looks like plain text that was never encrypted
	// "" <nil>
}
