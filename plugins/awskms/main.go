// Command awskms is the plugin that has a master key wrapped by AWS KMS. The
// package kmskey describes its settings.
package main

import (
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/awskms/kmskey"
)

// version is set when a release is built.
var version = "0.0.0-dev"

func main() {
	plugins.Serve(plugins.Info{
		Name: "awskms", Version: version, Saves: true,
		Settings: kmskey.Settings(), Environment: kmskey.Environment(),
	}, kmskey.New)
}
