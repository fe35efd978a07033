// Package plugins turns a [keysource.Source] into a plugin of Flask-Vault.
//
// An author writes a type with Load, and with Save and Delete if it can, and a
// function that makes one from its settings; main is one call of [Serve]. The
// same type works inside a Go program, since it is nothing but a
// keysource.Source. Its own tests check it with keysource/keysourcetest.
//
// The program speaks hashicorp/go-plugin's protocol over gRPC with mutual TLS.
// This package links gRPC and not go-plugin, so a plugin starts faster than one
// built on go-plugin itself, which works too. docs/plugins.md is the guide.
package plugins
