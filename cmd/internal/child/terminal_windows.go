package child

import (
	"os"
	"os/exec"
)

// terminal does not exist here: a program whose output is filtered writes to
// pipes.
type terminal struct{ ours, theirs, out *os.File }

func openTerminal(*exec.Cmd, Command) (*terminal, error) { return nil, nil }

func (t *terminal) begin()       {}
func (t *terminal) close() error { return nil }
