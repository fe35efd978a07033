//go:build unix

package child

import (
	"os"
	"os/signal"
	"syscall"
)

// notify receives the signals that are passed on. Those that are ignored, as
// SIGHUP is under nohup, stay so, and the program inherits that.
func notify(c chan os.Signal) {
	for _, sig := range []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
	} {
		if !signal.Ignored(sig) {
			signal.Notify(c, sig)
		}
	}
	signal.Notify(c, syscall.SIGPIPE) // so that a write to a closed pipe is an error and not our end
}

// forward passes a signal on.
func forward(sig os.Signal, p *os.Process, c Command, s *streams) {
	switch sig {
	case syscall.SIGPIPE:
		return
	case syscall.SIGWINCH:
		if s != nil && s.terminal != nil {
			s.terminal.resize() // the kernel then tells the program
			return
		}
		fallthrough
	case syscall.SIGINT, syscall.SIGQUIT:
		// A program on our own terminal has got what a key has caused.
		if (s == nil || s.terminal == nil) && onOurTerminal(c) {
			return
		}
	}
	_ = p.Signal(sig) // it may have ended meanwhile
}

// onOurTerminal says whether this process is in the foreground of a terminal,
// whose keys then make signals for the program as well.
func onOurTerminal(c Command) bool {
	for _, f := range []*os.File{c.In, c.Out, c.Err} {
		if isTerminal(f) {
			return inForeground(f)
		}
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	return inForeground(tty)
}
