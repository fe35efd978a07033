//go:build unix

package storetrust

import (
	"io/fs"
	"os"
	"syscall"
)

// ours reports whether a file belongs to the user or to root, and nobody else can
// write it.
func ours(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(st.Uid) == os.Geteuid() || st.Uid == 0) && info.Mode().Perm()&0o022 == 0
}
