//go:build unix

package editor

import (
	"os"
	"os/signal"
	"syscall"

	shellquote "github.com/kballard/go-shellquote"
	"golang.org/x/sys/unix"
)

const endSignal = syscall.SIGTERM

func watched() []os.Signal {
	return []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP}
}

// fromKeyboard says whether the signal is one that a terminal sends to every
// process of the foreground group when a key is struck.
func fromKeyboard(s os.Signal) bool { return s == syscall.SIGINT || s == syscall.SIGQUIT }

// endedBy is the signal that ended a process, or nil.
func endedBy(p *os.ProcessState) os.Signal {
	if status, ok := p.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return status.Signal()
	}
	return nil
}

// splitWords splits by the rules of the POSIX shell, without expansions.
func splitWords(s string) ([]string, error) { return shellquote.Split(s) }

func sameVariable(a, b string) bool { return a == b }

// openNoFollow opens a file for reading; it fails for a symbolic link and does
// not wait for a writer of a named pipe.
func openNoFollow(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// withoutCoreDumps keeps the editor, which inherits the limit, from leaving its
// memory in a file when it crashes. The result puts the limit back.
func withoutCoreDumps() func() {
	var old syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_CORE, &old) != nil {
		return func() {}
	}
	none := old
	none.Cur = 0
	if syscall.Setrlimit(syscall.RLIMIT_CORE, &none) != nil {
		return func() {}
	}
	return func() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &old) }
}

// ownsTerminal says whether fd is a terminal and this process is in its
// foreground group.
func ownsTerminal(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// takeTerminal makes this process's group the foreground one again. An editor
// such as emacs puts itself there, and after its death the system would stop us
// for touching the terminal from behind.
func takeTerminal(fd int) {
	if ownsTerminal(fd) {
		return
	}
	if !signal.Ignored(syscall.SIGTTOU) {
		signal.Ignore(syscall.SIGTTOU)
		defer signal.Reset(syscall.SIGTTOU)
	}
	_ = unix.IoctlSetPointerInt(fd, unix.TIOCSPGRP, unix.Getpgrp())
}
