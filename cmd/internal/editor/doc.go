// Package editor lets a person edit or view a secret text in the editor of
// their choice, without the text touching a disk where memory will do.
//
// [Run] writes the text to a file with mode 0600 in a fresh directory with mode
// 0700 on memory-backed storage, starts the editor on it, reads the file back
// and removes the directory on every way out: return, error, panic, SIGTERM,
// SIGHUP. What a killed process leaves behind is found by [Leftovers] and
// removed by [Sweep], which every Run calls first: a session holds a lock on
// its directory for as long as it lives, and the kernel drops the lock however
// the session ends.
//
// Editors that keep copies elsewhere are told not to: vim, neovim, nano and
// emacs get options that turn off swap, undo, backup and history files. Any
// other editor runs as it is configured, and an editor with a "local history"
// of its own, as VS Code and the JetBrains ones have, keeps it.
package editor
