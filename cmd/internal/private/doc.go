// Package private makes directories for plaintexts that a program must see as
// files, in memory where the system has a file system there.
//
// A directory is locked for as long as its process lives, and the kernel drops
// the lock however that ends. So [Leftovers] and [Sweep] find, beside the living
// ones, those that a killed process could not remove.
//
// The editor package edits in such a directory, and the command exec hands
// values as files with it.
package private
