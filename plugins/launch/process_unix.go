//go:build unix

package launch

import (
	"os/exec"
	"syscall"
)

// group is the process group of a child, which leads it.
type group int

func adopt(cmd *exec.Cmd) (group, error) { return group(cmd.Process.Pid), nil }

func (g group) kill() { _ = syscall.Kill(-int(g), syscall.SIGKILL) }

func (g group) ask() { _ = syscall.Kill(int(g), syscall.SIGTERM) }

func (g group) close() {}

func rootDir() string { return "/" }
