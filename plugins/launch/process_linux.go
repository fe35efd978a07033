package launch

import (
	"errors"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// configure gives the child a session of its own, so that it has no terminal
// and leads a group that can be killed, and ties its life to ours.
func configure(cmd *exec.Cmd, o Options) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if o.Gentle {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	}
}

// awaitExit returns true when the process has ended and is left to be reaped.
func awaitExit(pid int) bool {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}

// CloseOnExec keeps the descriptors that this process inherited, all above 2,
// from the programs it starts. It is for the main function of a program; a
// library must not decide that.
func CloseOnExec() error { return unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC) }

// Undumpable keeps this process from leaving its memory in a core dump, and other
// processes of the same user from reading that and its environment in /proc. The
// programs that it starts are as ever. It is for the main function of a program
// that holds keys. root can look all the same.
func Undumpable() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
