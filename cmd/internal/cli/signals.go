package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
)

// signalContext ends on an interrupt or SIGTERM. It listens from the first call
// of Done on: until then a signal ends the process at once, as it does by
// default, and the threads that listening needs are not started. That is a tenth
// of what a get costs.
type signalContext struct {
	context.Context
	listening atomic.Bool
	listen    func() context.Context
	end       context.CancelFunc
}

// signalled is the signal that a context of untilSignal has ended on.
type signalled struct{ signal syscall.Signal }

func (e *signalled) Error() string { return e.signal.String() }

// code is the exit code for a command that a signal to this process has ended, as a
// shell has it.
func (c *signalContext) code() int {
	var end *signalled
	if c != nil && c.listening.Load() && errors.As(context.Cause(c.listen()), &end) {
		return 128 + int(end.signal)
	}
	return 128 + int(syscall.SIGINT)
}

func newSignalContext() *signalContext {
	c := &signalContext{Context: context.Background(), end: func() {}}
	c.listen = sync.OnceValue(func() context.Context {
		var ctx context.Context
		ctx, c.end = untilSignal()
		c.listening.Store(true)
		return ctx
	})
	return c
}

func (c *signalContext) Done() <-chan struct{} { return c.listen().Done() }

func (c *signalContext) Err() error {
	if !c.listening.Load() {
		return nil
	}
	return c.listen().Err()
}

func (c *signalContext) stop() {
	if c.listening.Load() {
		c.end()
	}
}

// untilSignal is a context that ends on an interrupt or SIGTERM, but for those
// that our parent had us ignore, as nohup and a shell's & do: what exec runs has
// to inherit that.
func untilSignal() (context.Context, context.CancelFunc) {
	heeded := slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM}, signal.Ignored)
	ctx, cancel := context.WithCancelCause(context.Background())
	came := make(chan os.Signal, 1)
	if len(heeded) > 0 { // Notify would take none for all
		signal.Notify(came, heeded...)
	}
	go func() {
		select {
		case s := <-came:
			// A read that the system does not come back from heeds no context. The
			// next signal ends the process at once, as it does by default.
			signal.Stop(came)
			number, _ := s.(syscall.Signal)
			cancel(&signalled{number})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(came)
		cancel(nil)
	}
}
