//go:build unix

package durable

import (
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// Owner is the id of the user that a file of the system belongs to; 0, which is root,
// where the system does not say.
func Owner(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return 0
}

// Foreign reports whether a file belongs neither to this user, nor to root, nor to one
// of the users with the ids trusted.
func Foreign(info fs.FileInfo, trusted []int) bool {
	owner := Owner(info)
	return owner != 0 && owner != os.Geteuid() && !slices.Contains(trusted, owner)
}

// KeepOwner gives the content the owner and the group of the file that it takes the
// place of, as far as this user may: root all, others a group of theirs. It comes
// before Chmod, since the system can take permissions with it.
func (f *File) KeepOwner(old fs.FileInfo) {
	was, ok := old.Sys().(*syscall.Stat_t)
	info, err := f.Stat()
	if !ok || err != nil {
		return
	}
	if now, ok := info.Sys().(*syscall.Stat_t); ok && now.Uid == was.Uid && now.Gid == was.Gid {
		return
	}
	if f.Chown(int(was.Uid), int(was.Gid)) != nil {
		_ = f.Chown(-1, int(was.Gid))
	}
}
