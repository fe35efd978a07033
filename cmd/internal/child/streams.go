package child

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// streams carry the program's output through the filters.
type streams struct {
	copies   []outflow
	childs   []*os.File // ends that the program has, closed here once it is started
	terminal *terminal  // nil if the program has none of its own
	done     chan struct{}
}

// outflow is one way from the program to a file of ours.
type outflow struct {
	from *os.File
	to   *lockedFilter
}

// lockedFilter lets the end of the output be written while a read still waits.
type lockedFilter struct {
	mu     sync.Mutex
	filter io.WriteCloser
	closed bool
}

func (f *lockedFilter) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, os.ErrClosed
	}
	return f.filter.Write(b)
}

func (f *lockedFilter) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		_ = f.filter.Close() // whoever read our output has gone; the program's code stands
	}
}

// connect gives cmd streams that go through c.Filter.
func connect(cmd *exec.Cmd, c Command) (*streams, error) {
	s := &streams{done: make(chan struct{})}
	var err error
	if s.terminal, err = openTerminal(cmd, c); err != nil {
		return nil, err
	}
	if t := s.terminal; t != nil {
		s.add(t.ours, t.out, c)
		s.childs = append(s.childs, t.theirs)
	}
	if cmd.Stdout == c.Out {
		w, err := s.pipe(c.Out, c)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		cmd.Stdout = w
		if cmd.Stderr == c.Err && sameFile(c.Out, c.Err) {
			cmd.Stderr = w // one pipe keeps the order
		}
	}
	if cmd.Stderr == c.Err {
		w, err := s.pipe(c.Err, c)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		cmd.Stderr = w
	}
	return s, nil
}

func (s *streams) add(from, to *os.File, c Command) {
	s.copies = append(s.copies, outflow{from: from, to: &lockedFilter{filter: c.Filter(to)}})
}

// pipe makes a pipe to a file of ours and returns the program's end.
func (s *streams) pipe(to *os.File, c Command) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.add(r, to, c)
	s.childs = append(s.childs, w)
	return w, nil
}

// begin is called when the program has its ends.
func (s *streams) begin() {
	for _, f := range s.childs {
		_ = f.Close()
	}
	s.childs = nil
	if s.terminal != nil {
		s.terminal.begin()
	}
	var all sync.WaitGroup
	for _, f := range s.copies {
		all.Go(func() {
			// A terminal whose other side is closed gives an error, a pipe its end.
			_, _ = io.Copy(f.to, f.from)
			_ = f.from.Close() // so that the program learns that nobody reads
		})
	}
	go func() {
		all.Wait()
		close(s.done)
	}()
}

// drain waits for the last output of a program that has ended.
func (s *streams) drain() {
	late := time.NewTimer(drainTime)
	defer late.Stop()
	select {
	case <-s.done:
	case <-late.C:
	}
}

// close writes what the filters still hold and puts our terminal back.
func (s *streams) close() error {
	for _, f := range s.copies {
		f.to.close()
	}
	for _, f := range s.childs {
		_ = f.Close()
	}
	if s.terminal != nil {
		return s.terminal.close()
	}
	return nil
}

func sameFile(a, b *os.File) bool {
	ai, aerr := a.Stat()
	bi, berr := b.Stat()
	return aerr == nil && berr == nil && os.SameFile(ai, bi)
}
