//go:build unix && !linux

package launch

import (
	"os/exec"
	"syscall"
)

// configure gives the child a session of its own, so that it has no terminal
// and leads a group that can be killed.
func configure(cmd *exec.Cmd, _ Options) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// awaitExit returns false: there is no portable way to see the end of a process
// without reaping it.
func awaitExit(int) bool { return false }

// CloseOnExec does nothing on this system.
func CloseOnExec() error { return nil }

// Undumpable does nothing on this system.
func Undumpable() error { return nil }
