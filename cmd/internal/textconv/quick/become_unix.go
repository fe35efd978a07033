//go:build unix

package quick

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// become replaces this process. It returns only if that fails.
func become(program string, args []string) error {
	if !strings.Contains(program, "/") {
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			if !filepath.IsAbs(dir) { // a work tree must not bring the program
				continue
			}
			if info, err := os.Stat(filepath.Join(dir, program)); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				program = filepath.Join(dir, program)
				break
			}
		}
	}
	return syscall.Exec(program, append([]string{"flask-vault"}, args...), os.Environ()) //nolint:gosec // our own program
}
