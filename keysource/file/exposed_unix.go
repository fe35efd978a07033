//go:build unix

package file

import (
	"io/fs"
	"os"
	"syscall"
)

// exposed reports whether a regular file gives rights to anybody but its owner.
// A file of root that another user reads is what a container's secret mount
// looks like: its reader cannot change the mode, and is not warned.
func exposed(info fs.FileInfo) bool {
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || st.Uid != 0 || os.Geteuid() == 0
}
