//go:build unix

package cli

import "syscall"

// watchSignals are the signals that --watch can send.
func watchSignals() []namedSignal {
	return []namedSignal{{"HUP", syscall.SIGHUP}, {"USR1", syscall.SIGUSR1}, {"USR2", syscall.SIGUSR2}, {"INT", syscall.SIGINT}, {"TERM", syscall.SIGTERM}}
}
