package config

import "io/fs"

// trusted is always true: ownership on Windows says little, and a file in
// another user's directory is not readable by default.
func trusted(fs.FileInfo) bool { return true }
