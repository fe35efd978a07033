// Command transit is the plugin that has a master key wrapped by the transit
// engine of OpenBao or HashiCorp Vault. The package transitkey describes its settings.
package main

import (
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/transit/transitkey"
)

// version is set when a release is built.
var version = "0.0.0-dev"

func main() {
	plugins.Serve(plugins.Info{
		Name: "transit", Version: version, Saves: true,
		Settings: transitkey.Settings(), Environment: transitkey.Environment(),
	}, transitkey.New)
}
