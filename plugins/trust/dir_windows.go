package trust

import "io/fs"

// Windows has access lists instead of these; the directory is below the user's
// own LocalAppData, which others cannot write.

func othersCanWrite(fs.FileInfo) bool { return false }

func ours(fs.FileInfo) bool { return true }

func executable(fs.FileInfo) bool { return true }
