package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// Options say how a process is started.
type Options struct {
	Args []string // without the name of the program
	Env  []string // the whole environment, as NAME=value
	Dir  string   // working directory; "" is the root directory
	Name string   // the program's name for itself and for ps

	// Stdin gives the process a pipe as standard input; otherwise that is empty.
	Stdin bool

	// Pass is open in the process as descriptor 3. It is for an [Installed]
	// program alone; any other has itself there.
	Pass *os.File

	// Gentle asks the process to end (SIGTERM) when the host dies, instead of
	// killing it. It is for our own programs, which then end what they started.
	Gentle bool
}

// Process is a running program with its process group.
type Process struct {
	Stdin  *os.File // nil unless asked for; writing after the end fails, it never blocks for ever
	Stdout *os.File
	Stderr *os.File

	pid    int
	exited chan struct{}
	state  *os.ProcessState // set before exited is closed

	mu     sync.Mutex
	reaped bool
	group  group
}

// Start starts the program. The caller calls [Process.Kill] on every path.
func Start(p *Program, o Options) (*Process, error) {
	proc := &Process{exited: make(chan struct{})}
	var ends []*os.File // the child's ends, closed here after the start
	fail := func(err error) (*Process, error) {
		proc.closePipes()
		closeAll(ends)
		return nil, fmt.Errorf("start the plugin: %w", err)
	}
	pipe := func() (r, w *os.File, err error) { return os.Pipe() }

	cmd := &exec.Cmd{Path: p.path, Args: append([]string{o.Name}, o.Args...), Dir: o.Dir, Env: o.Env}
	if cmd.Dir == "" {
		cmd.Dir = rootDir()
	}
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would mean the host's own
	}
	if p.file != nil {
		cmd.ExtraFiles = []*os.File{p.file}
	} else if o.Pass != nil {
		cmd.ExtraFiles = []*os.File{o.Pass}
	}
	if o.Stdin {
		r, w, err := pipe()
		if err != nil {
			return fail(err)
		}
		ends, cmd.Stdin, proc.Stdin = append(ends, r), r, w
	}
	r, w, err := pipe()
	if err != nil {
		return fail(err)
	}
	ends, cmd.Stdout, proc.Stdout = append(ends, w), w, r
	if r, w, err = pipe(); err != nil {
		return fail(err)
	}
	ends, cmd.Stderr, proc.Stderr = append(ends, w), w, r

	configure(cmd, o)
	started := make(chan error)
	// The signal that a child gets when its parent dies is tied to the thread
	// that started it, so one thread stays with the child until it is gone.
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			proc.pid = cmd.Process.Pid
			proc.group, err = adopt(cmd)
			if err != nil {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}
		}
		started <- err
		if err != nil {
			return
		}
		if !awaitExit(proc.pid) {
			_ = cmd.Wait()
		}
		proc.mu.Lock()
		defer proc.mu.Unlock()
		proc.group.kill() // before the process is reaped its number cannot name anything else
		_ = cmd.Wait()
		proc.group.close()
		proc.state, proc.reaped = cmd.ProcessState, true
		close(proc.exited)
	}()
	if err := <-started; err != nil {
		return fail(err)
	}
	closeAll(ends)
	return proc, nil
}

// PID is the number of the process, which is its process group's as well.
func (p *Process) PID() int { return p.pid }

// Exited is closed when the process has ended and its group has been killed.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Status says how the process ended, such as "exit status 3" or "signal:
// killed". It waits for the end.
func (p *Process) Status() string {
	<-p.exited
	return p.state.String()
}

// Wait waits for the end of the process, at most for the given time and until
// ctx is done, and reports whether it ended.
func (p *Process) Wait(ctx context.Context, most time.Duration) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-p.exited:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// Ask asks the process to end by itself (SIGTERM where there is such a thing).
func (p *Process) Ask() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		p.group.ask()
	}
}

// End kills the process and its group and waits until the process is gone. What it
// wrote last can still be read from the pipes, which [Process.Kill] closes.
func (p *Process) End() {
	p.mu.Lock()
	if !p.reaped {
		p.group.kill()
	}
	p.mu.Unlock()
	<-p.exited
}

// Kill is [Process.End], and closes the pipes. It may be called again, and after the
// process has ended.
func (p *Process) Kill() {
	p.End()
	p.closePipes()
}

func (p *Process) closePipes() { closeAll([]*os.File{p.Stdin, p.Stdout, p.Stderr}) }

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}

// IsClosed reports whether err is that of a pipe which [Process.Kill] closed.
func IsClosed(err error) bool { return errors.Is(err, os.ErrClosed) }
