// Package external makes a key source of a plugin that the user has installed.
//
// It runs an executable, writes one JSON request to its standard input and
// reads one JSON reply from its standard output. The executable is the plugin
// itself, for a plugin that speaks this protocol (a script of ten lines can),
// or flask-vault-pluginhost, which does the same for a plugin built on
// hashicorp/go-plugin; so no program has to link gRPC to use either. The
// package plugins/host reaches the latter without a second program.
// docs/plugin-protocol.md describes the protocol in full.
//
// A plugin is named, never given by a path: its executable comes from the
// user's [trust.Store] and runs only if its SHA-256 is the recorded one.
package external
