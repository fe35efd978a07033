// Package keysourcev1 is the generated code of keysource.proto, the contract
// between a host and a key source plugin.
//
// An author in Go needs none of it: the package plugins serves the contract for
// a [github.com/flask-vault/flask-vault/keysource.Source].
package keysourcev1

//go:generate ./generate.sh
