//go:build unix

package child

import (
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is one of the program's own, between it and ours.
type terminal struct {
	ours   *os.File // what the program prints comes out here
	theirs *os.File
	out    *os.File // our terminal
	in     *os.File // where a person types, nil if nobody does
	before *term.State
}

func isTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

// openTerminal gives cmd a terminal for each stream that is one of ours. It
// returns nil if the output goes to no terminal.
func openTerminal(cmd *exec.Cmd, c Command) (*terminal, error) {
	t := &terminal{}
	switch {
	case isTerminal(c.Out):
		t.out = c.Out
	case isTerminal(c.Err):
		t.out = c.Err
	default:
		return nil, nil
	}
	var err error
	if t.ours, t.theirs, err = pty.Open(); err != nil {
		return nil, err
	}
	_ = pty.InheritSize(t.out, t.ours)
	if state, err := term.GetState(int(t.out.Fd())); err == nil {
		_ = term.Restore(int(t.theirs.Fd()), state) // the same erase key, the same encoding
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if isTerminal(c.Err) && (t.out == c.Err || sameFile(c.Out, c.Err)) {
		cmd.Stderr, cmd.SysProcAttr.Ctty = t.theirs, 2
	}
	if t.out == c.Out {
		cmd.Stdout, cmd.SysProcAttr.Ctty = t.theirs, 1
	}
	if isTerminal(c.In) {
		cmd.Stdin, cmd.SysProcAttr.Ctty = t.theirs, 0
		if inForeground(c.In) { // else raw mode would stop us, and the keys are not ours
			t.in = c.In
		}
	}
	return t, nil
}

// begin passes on what a person types. The keys that make signals do so in the
// program's terminal.
func (t *terminal) begin() {
	if t.in == nil {
		return
	}
	state, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return
	}
	t.before = state
	go func() { _, _ = io.Copy(t.ours, t.in) }()
}

// resize takes over the size of our window.
func (t *terminal) resize() { _ = pty.InheritSize(t.out, t.ours) }

// close puts our terminal back. The goroutine of begin may wait for a key; it
// ends with this process.
func (t *terminal) close() error {
	_ = t.ours.Close()
	if t.before == nil {
		return nil
	}
	return term.Restore(int(t.in.Fd()), t.before)
}

// inForeground says whether the keys struck at a terminal are for this process.
func inForeground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
