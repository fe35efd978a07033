// Package export writes secrets in the form that another program reads: a shell,
// systemd, docker, Kubernetes and so on.
//
// A [Target] is one such form, in a file of its own with its quoter. What a
// target writes is read back by its reader as exactly the same bytes; a value
// that the reader cannot take is a *[ValueError], and then nothing is written.
// The tests hold that against the readers themselves.
//
// The command export uses it.
package export
