package child

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// Command is a program to run.
type Command struct {
	Path         string   // as [Find] gives it
	Args         []string // the program's own name first
	Env          []string // as NAME=value
	In, Out, Err *os.File
	// Filter, if set, makes what Out and Err are written through. Where both are
	// the same file they share one.
	Filter func(io.Writer) io.WriteCloser
	// Signals are what is passed on. [Watch] begins to collect them before there
	// is anything to clean up after.
	Signals *Signals
	// Tell, if set, is what the caller has for the program: each is sent to it.
	Tell <-chan os.Signal
}

// Signals are the signals to this process that the program is to get.
type Signals struct {
	c      chan os.Signal
	ending atomic.Bool
}

// Ending reports whether this process was told to end while [Command.Tell] had the
// program end: then the program is not to be started again.
func (s *Signals) Ending() bool { return s.ending.Load() }

// Watch collects signals, which from then on do not end this process, until Stop.
func Watch() *Signals {
	s := &Signals{c: make(chan os.Signal, 16)}
	notify(s.c)
	return s
}

// Stop gives the signals their own meaning back.
func (s *Signals) Stop() { signal.Stop(s.c) }

// The exit codes of a shell for a program that did not start.
const (
	NotStarted = 126
	NotFound   = 127
)

// drainTime is how long to wait, after the program has ended, for output from
// something that it left running.
const drainTime = 2 * time.Second

// Find finds the program of a name in PATH, as a shell does.
func Find(name string) (string, error) {
	path, err := exec.LookPath(name)
	var inner *exec.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return path, err
}

// StartCode is the exit code for an error of Find, Replace or Run.
func StartCode(err error) int {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return NotFound
	}
	return NotStarted
}

// Run runs the program to its end and returns its exit code, 128 plus the number
// for a signal. An error means that it did not start.
//
// Meanwhile signals to this process are passed on to it, but for those that the
// terminal gives to both.
func Run(c Command) (int, error) {
	cmd := &exec.Cmd{Path: c.Path, Args: c.Args, Env: c.Env, Stdin: c.In, Stdout: c.Out, Stderr: c.Err}
	var streams *streams
	if c.Filter != nil {
		var err error
		if streams, err = connect(cmd, c); err != nil {
			return 0, err
		}
		defer streams.close()
	}
	if err := cmd.Start(); err != nil {
		return 0, cause(err)
	}
	if streams != nil {
		streams.begin()
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	told := false
	for {
		select {
		case sig := <-c.Tell:
			told = true
			_ = cmd.Process.Signal(sig) // it may have ended meanwhile
		case sig := <-c.Signals.c:
			if told && (sig == os.Interrupt || sig == syscall.SIGTERM || sig == syscall.SIGHUP || sig == syscall.SIGQUIT) {
				c.Signals.ending.Store(true)
			}
			forward(sig, cmd.Process, c, streams)
		case err := <-ended:
			if streams != nil {
				streams.drain()
			}
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				return 0, err
			}
			return exitCode(cmd.ProcessState), nil
		}
	}
}

// exitCode is what a shell's $? would be.
func exitCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return s.ExitCode()
}

// cause strips the program's path from an error of the system.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
