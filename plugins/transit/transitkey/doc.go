// Package transitkey is a key source whose key is wrapped by the transit engine of
// OpenBao or HashiCorp Vault, and kept in a file that is committed beside the vault.
//
// The settings are
//
//	key          the name of the transit key, which has to be derived
//	app          the name of the application
//	environment  the name of its environment
//	mount        where the engine is mounted; transit
//	file         the wrapped key, below the vault's directory; master.key.transit
//
// The wrapped key is bound to app and environment: they are the context from
// which transit derives the key that it wraps with. Save makes sure that it is.
//
// The address of the server and the token are the user's and never a project's:
// BAO_ADDR or VAULT_ADDR, BAO_TOKEN or VAULT_TOKEN or the file ~/.vault-token of
// "bao login", BAO_NAMESPACE or VAULT_NAMESPACE, BAO_CACERT or VAULT_CACERT.
package transitkey
