// Package cli is what a person at a terminal meets: one file a command, what
// each prints, and what it exits with.
//
// The life of a command: [Main] makes an app with the process's streams, the
// root command parses flags into it, the command's run function asks
// backend/config which vault is meant, calls backend, and prints values to
// standard output and everything else to standard error. Errors travel up
// unprinted; exit.go turns them into a sentence, a hint what to type next, and
// the exit code, for all commands in one table.
package cli
