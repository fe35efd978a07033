package quick

import (
	"os"
	"os/exec"
)

// become runs the program in this one's place; Windows cannot replace a process.
func become(program string, args []string) error {
	cmd := exec.Command(program, args...) //nolint:gosec // our own program
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
