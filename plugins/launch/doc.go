// Package launch runs the executable of a plugin, and only the one that was
// checked.
//
// A [Program] is a snapshot of an executable whose SHA-256 was compared while
// it was taken. On Linux it is a sealed memory file: nobody, not even the same
// user, can change it between the check and the start, and it is started
// through its descriptor, never through a path. Where the system forbids
// programs in memory files it is an unlinked copy, reached through its
// descriptor alone. On other systems it is a copy in a private directory. A
// script works the same way; its checksum covers the script, not the
// interpreter that its first line names.
//
// A [Process] has no terminal, none of the host's environment and none of its
// standard input; it leads a session and a process group of its own, which is
// killed as a whole when the process ends or the host kills it, and on Linux it
// dies with its host.
package launch
