//go:build unix

package file

import (
	"io/fs"
	"os"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// exposed says why others could have read a key file, or put the key there; nil if
// they could not. A file of root that another user reads is what a container's secret
// mount looks like: its reader cannot change the mode, and is not warned. Others who can
// write it are never in order.
func (s *Source) exposed(info fs.FileInfo) error {
	mode := info.Mode()
	if !mode.IsRegular() && mode&fs.ModeNamedPipe == 0 {
		return nil
	}
	if durable.Foreign(info, s.opts.Owners) {
		return &InsecureError{Path: s.path, Mode: mode, Owner: durable.Owner(info)}
	}
	mount := durable.Owner(info) == 0 && os.Geteuid() != 0 && mode.Perm()&0o022 == 0
	if !mode.IsRegular() || mode.Perm()&0o077 == 0 || mount {
		return nil
	}
	return &InsecureError{Path: s.path, Mode: mode}
}
