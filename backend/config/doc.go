// Package config finds out which vault a program means: which credentials file,
// which key sources, which environment.
//
// [Resolve] looks for the vault's directory from the working directory up to
// the root of the git work tree, reads its flask-vault.yaml if there is one, and
// puts the layers together: flags over FLASK_VAULT_ variables over the file over
// Flask-Vault's own names (credentials.yml.enc, master.key). [Config.Open] then
// opens the vault:
//
//	v, err := config.Open(ctx, config.Overrides{})
//
// A program with a configuration of its own calls backend.Open with its own
// options, or, if that is viper's, has backend/config/viperconfig put it in front.
package config
