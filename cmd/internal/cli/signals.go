package cli

import (
	"context"
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
	if len(heeded) == 0 { // NotifyContext would take none for all
		return context.WithCancel(context.Background())
	}
	return signal.NotifyContext(context.Background(), heeded...)
}
