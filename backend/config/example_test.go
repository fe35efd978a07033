package config_test

import (
	"fmt"
	"os"

	"github.com/flask-vault/flask-vault/backend/config"
)

func ExampleResolve() {
	dir, _ := os.MkdirTemp("", "config")
	defer os.RemoveAll(dir)
	c, err := config.Resolve(config.Overrides{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, _ := c.Sources()
	fmt.Println(c.Credentials)
	fmt.Println(keys.Name())
	// Output:
	// credentials.yml.enc
	// env FLASK_VAULT_MASTER_KEY, then file master.key
}
