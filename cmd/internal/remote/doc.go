// Package remote reaches stores beyond a local file through the program
// flask-vault-remote, so that flask-vault itself links no net/http, which
// alone costs every command more than reading a vault does.
//
// [Open] makes a [backend.Store] whose every call starts that program, writes one line
// of JSON to its standard input and reads one line from its standard output.
// [Serve] is what that program does with it. docs/remote-protocol.md describes
// both lines.
package remote
