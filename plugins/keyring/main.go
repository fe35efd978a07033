// Command keyring is the plugin that keeps a master key in the keyring of the
// operating system. The package oskeyring describes its settings.
package main

import (
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/keyring/oskeyring"
)

// version is set when a release is built.
var version = "0.0.0-dev"

func main() {
	plugins.Serve(plugins.Info{
		Name: "keyring", Version: version, Saves: true, Deletes: true,
		Settings: oskeyring.Settings(), Environment: oskeyring.Environment(),
	}, oskeyring.New)
}
