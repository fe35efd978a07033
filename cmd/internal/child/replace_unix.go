//go:build unix

package child

import (
	"os"
	"os/signal"
	"syscall"
)

// CanReplace says whether [Replace] can work.
const CanReplace = true

// Replace makes this process the program. It returns only with an error. The
// program inherits the streams and nothing else that is open.
func Replace(path string, args, env []string) error {
	// What was ignored before we asked for it is ignored by the program too.
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	return syscall.Exec(path, args, env)
}
