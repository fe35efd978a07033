package durable

import "io/fs"

// Owner is always 0: ownership on Windows says little.
func Owner(fs.FileInfo) int { return 0 }

// Foreign is always false: a user's own directories are private by default there.
func Foreign(fs.FileInfo, []int) bool { return false }

// KeepOwner does nothing: a new file has what its directory gives it.
func (f *File) KeepOwner(fs.FileInfo) {}
