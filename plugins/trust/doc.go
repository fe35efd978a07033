// Package trust keeps the plugins that a user has chosen to run.
//
// A [Store] is a directory that the user alone can write: FLASK_VAULT_PLUGIN_DIR,
// or flask-vault/plugins below the XDG data home. It holds a copy of each
// plugin's executable and a [Record] of it with its SHA-256. Nothing is ever
// run from anywhere else, and the name of a plugin, which is all that a
// project's configuration may give, cannot lead out of the directory.
//
// keysource/external installs plugins into a Store, since that asks the plugin
// what it is.
package trust
