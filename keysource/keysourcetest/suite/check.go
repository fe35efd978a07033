package suite

import (
	"context"
	"time"

	"github.com/flask-vault/flask-vault/keysource"
)

// Harness says how to reach the source under test and the place that it reads.
type Harness struct {
	// New makes the source. The suite makes a new one for each step, as each
	// run of a program does.
	New keysource.Factory

	// Settings name the place.
	Settings keysource.Settings

	// Put makes the place hold that text, by other means than the source. nil
	// uses Save, if there is one, and leaves the checks of wrong text out.
	Put func(text []byte) error

	// Clear makes the place empty, by other means than the source. nil uses
	// Delete, if there is one.
	Clear func() error

	// Scratch says that whatever the place holds may be lost. Without it a place
	// that holds a key is only read. keysourcetest.Run sets it.
	Scratch bool

	// Timeout is the most that one call may take; 0 is 30 s.
	Timeout time.Duration
}

// Result is what one check found.
type Result struct {
	Name    string // such as "load gives the key that is there"
	Err     error  // nil if the source keeps the rule
	Skipped string // why the rule could not be checked; "" if it was
}

// Check checks the source and returns a result for each rule, in a fixed order.
// The place is empty afterwards, or unchanged if the results say that it was
// only read.
func Check(ctx context.Context, h Harness) []Result {
	if h.Timeout <= 0 {
		h.Timeout = 30 * time.Second
	}
	s := newRun(ctx, h)
	defer s.clear()
	results := make([]Result, 0, len(checks))
	for _, c := range checks {
		r := Result{Name: c.name}
		if why := s.cannot(c.needs); why != "" {
			r.Skipped = why
		} else {
			r.Err = c.check(s)
		}
		results = append(results, r)
	}
	return results
}
