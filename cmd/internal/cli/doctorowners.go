package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/flask-vault/flask-vault/backend/durable"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

// examineOwners looks for what of the vault is somebody else's, though the user trusts
// them, and for directories of it that others can write. Windows has other rules.
func examineOwners(c *vault) []finding {
	if runtime.GOOS == "windows" {
		return nil
	}
	var findings []finding
	dirs := []string{c.Root, filepath.Dir(c.Path())}
	paths := []string{c.Root, c.Path()}
	if c.File != "" {
		paths = append(paths, c.File)
	}
	for _, s := range c.options.Keys {
		if f, ok := s.(*keyfile.Source); ok {
			paths = append(paths, f.Path())
			dirs = append(dirs, filepath.Dir(f.Path()))
		}
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && durable.Foreign(info, nil) {
			findings = append(findings, finding{"warn", fmt.Sprintf("%s belongs to another user (user id %d)", path, durable.Owner(info)), "if that is not meant: chown $(id -un) " + quote(path)})
		}
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o022 != 0 {
			findings = append(findings, finding{"warn", fmt.Sprintf("other users can put files into %s (its mode is %04o)", dir, info.Mode().Perm()), "chmod go-w " + quote(dir)})
		}
	}
	return findings
}
