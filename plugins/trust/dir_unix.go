//go:build unix

package trust

import (
	"io/fs"
	"os"
	"syscall"
)

func othersCanWrite(i fs.FileInfo) bool { return i.Mode().Perm()&0o022 != 0 }

// ours reports whether the file belongs to the user or to root.
func ours(i fs.FileInfo) bool {
	st, ok := i.Sys().(*syscall.Stat_t)
	return ok && (int(st.Uid) == os.Geteuid() || st.Uid == 0)
}

func executable(i fs.FileInfo) bool { return i.Mode().Perm()&0o111 != 0 }
