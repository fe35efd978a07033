// Package keysource says where a vault's master key comes from.
//
// A [Source] is one place that may hold the key: a file, an environment
// variable, the keyring of the operating system, or a plugin that somebody
// else wrote. A [Chain] asks several of them in order and takes the first key.
// A [Registry] makes sources from the names and settings that a configuration
// gives.
//
// The key itself is a [Key]: 16 bytes for everything that is written, with 24
// and 32 bytes accepted so that vaults made by Flask-Vault 1.0 can be read. A
// Key never shows its bytes to fmt, encoding/json or log/slog.
package keysource
