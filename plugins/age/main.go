// Command age is the plugin that keeps a master key wrapped for the members of a
// team, in an age file beside the vault. The package agefile describes its
// settings, docs/team-keys.md how a team uses it.
package main

import (
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/age/agefile"
)

// version is set when a release is built.
var version = "0.0.0-dev"

func main() {
	plugins.Serve(plugins.Info{
		Name: "age", Version: version, Saves: true,
		Settings: agefile.Settings(), Environment: agefile.Environment(),
	}, agefile.New)
}
