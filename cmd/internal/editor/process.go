package editor

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"

	"golang.org/x/term"
)

const (
	// atOnce is how soon an editor returns that did not wait for the person.
	atOnce = time.Second
	// grace is how long an editor has to end when it is told to.
	grace = 2 * time.Second
	// pipeDelay is how long to wait for output through a pipe that something
	// the editor started still holds.
	pipeDelay = 100 * time.Millisecond
)

// start runs the editor to its end. quick says that it returned at once.
func (e *editing) start(ctx context.Context) (quick bool, err error) {
	cmd := exec.Command(e.cmd.path)
	cmd.Args = append([]string{e.cmd.words[0]}, e.cmd.arguments(e.session, e.o.ReadOnly)...)
	cmd.Env = e.cmd.environment(e.o.Env, e.session)
	if in, ok := e.o.In.(*os.File); ok { // else the null device: answers are for us
		cmd.Stdin = in
		restore := keepTerminal(in)
		defer func() {
			if err != nil {
				restore()
			}
		}()
	}
	cmd.Stdout, cmd.Stderr = e.o.Out, e.o.Err
	cmd.WaitDelay = pipeDelay
	defer withoutCoreDumps()()

	began := time.Now()
	if err := cmd.Start(); err != nil {
		var inner *os.PathError
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return false, &CommandError{Command: e.cmd.name(), Err: err}
	}
	err = e.wait(ctx, cmd)
	return time.Since(began) < atOnce, err
}

// wait waits for the editor and passes on what this process is told.
func (e *editing) wait(ctx context.Context, cmd *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var cause error
	var force <-chan time.Time
	stop := func(why error, sig os.Signal) {
		cause = why
		if cmd.Process.Signal(sig) != nil {
			_ = cmd.Process.Kill() // a system without that signal
		}
		force = time.After(grace)
	}
	done := ctx.Done()
	for {
		select {
		case err := <-ended:
			e.signals.dropInterrupts()
			if cause != nil {
				return cause
			}
			return e.failure(err)
		case sig := <-e.signals.c:
			// The terminal sends an interrupt to the editor as well.
			if !fromKeyboard(sig) && cause == nil {
				stop(&SignalError{Signal: sig}, sig)
			}
		case <-done:
			done = nil
			if cause == nil {
				stop(context.Cause(ctx), endSignal)
			}
		case <-force:
			_ = cmd.Process.Kill()
		}
	}
}

// failure is the error for how the editor ended, nil for success.
func (e *editing) failure(err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return nil
	case errors.As(err, &exit):
		failed := &EditorError{Command: e.cmd.name(), Code: exit.ExitCode()}
		if sig := endedBy(exit.ProcessState); sig != nil {
			failed.Signal, failed.Code = sig, signalCode(sig)
		}
		return failed
	}
	return &CommandError{Command: e.cmd.name(), Err: err}
}

// keepTerminal returns a function that gives the terminal back the mode it has
// now, for an editor that dies without doing so. Where this process does not own
// the terminal it does nothing.
func keepTerminal(f *os.File) func() {
	nothing := func() {}
	fd := int(f.Fd())
	if !ownsTerminal(fd) {
		return nothing
	}
	state, err := term.GetState(fd)
	if err != nil {
		return nothing
	}
	return func() {
		takeTerminal(fd)
		_ = term.Restore(fd, state)
	}
}
