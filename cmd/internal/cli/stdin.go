package cli

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

// input is standard input for a command that reads all of it. An interrupt ends
// the reading: a signal is heeded through the context, and a read of a terminal
// or of a pipe would go on until somebody types or writes.
func (a *app) input(ctx context.Context) io.Reader {
	if info, err := a.in.Stat(); err == nil && (info.Mode().IsRegular() || info.IsDir()) {
		return a.in // never waits, and may have a length and a position
	}
	return &interruptible{ctx: ctx, in: a.in}
}

// interruptible is a reader whose Read returns when its context ends. What a read
// in progress still gets then is lost.
type interruptible struct {
	ctx context.Context
	in  io.Reader
	buf []byte
}

func (r *interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if cap(r.buf) < len(p) {
		r.buf = make([]byte, len(p))
	}
	buf := r.buf[:len(p)] // not p, which a read that is left alone must not touch
	type result struct {
		n   int
		err error
	}
	got := make(chan result, 1)
	go func() {
		n, err := r.in.Read(buf)
		got <- result{n, err}
	}()
	select {
	case g := <-got:
		return copy(p, buf[:g.n]), g.err
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
}

// readPassword reads a line of the terminal without an echo, until ctx ends. The
// terminal then is as it was.
func readPassword(ctx context.Context, tty *os.File) ([]byte, error) {
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return nil, err
	}
	type result struct {
		line []byte
		err  error
	}
	got := make(chan result, 1)
	go func() {
		line, err := term.ReadPassword(int(tty.Fd()))
		got <- result{line, err}
	}()
	select {
	case g := <-got:
		return g.line, g.err
	case <-ctx.Done():
		_ = term.Restore(int(tty.Fd()), before)
		return nil, ctx.Err()
	}
}
