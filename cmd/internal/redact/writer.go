package redact

import "io"

// Mask stands where a secret was.
const Mask = "[redacted]"

// maxPending is how much a Writer collects before it writes within one call.
const maxPending = 32 << 10

// Writer writes what it is given, without the secrets. It is for one goroutine.
type Writer struct {
	to      io.Writer
	p       *Patterns
	state   int32
	pending []byte // not written yet; at least what the state holds
	found   []span // in pending, in order, none overlapping another
	err     error
}

type span struct{ start, end int }

// NewWriter makes a Writer that writes to w.
func (p *Patterns) NewWriter(w io.Writer) *Writer { return &Writer{to: w, p: p} }

// Write passes b on, less what may be the beginning of a secret at its end.
func (w *Writer) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if w.state == 0 { // nothing begins within the next bytes
			skip := 0
			for skip < len(b) && w.p.first[b[skip]] == 0 {
				skip++
			}
			w.pending, b = append(w.pending, b[:skip]...), b[skip:]
			if len(b) == 0 {
				break
			}
		}
		c := b[0]
		b = b[1:]
		w.pending = append(w.pending, c)
		w.state = w.p.step(w.state, c)
		if m := int(w.p.match[w.state]); m > 0 {
			w.cover(span{len(w.pending) - m, len(w.pending)})
		}
		if len(w.pending) >= maxPending {
			w.flush(len(w.pending) - int(w.p.hold[w.state]))
		}
	}
	w.flush(len(w.pending) - int(w.p.hold[w.state]))
	if w.err != nil {
		return 0, w.err
	}
	return n, nil
}

// Close writes what was held back. It does not close the writer below.
func (w *Writer) Close() error {
	w.flush(len(w.pending))
	w.state = 0
	return w.err
}

// cover adds a span, and joins it with those that it overlaps.
func (w *Writer) cover(s span) {
	for len(w.found) > 0 && w.found[len(w.found)-1].end > s.start {
		last := w.found[len(w.found)-1]
		w.found = w.found[:len(w.found)-1]
		s.start = min(s.start, last.start)
	}
	w.found = append(w.found, s)
}

// flush writes pending up to limit, or to the beginning of a span that goes
// beyond: no pattern that is still to be found begins before limit.
func (w *Writer) flush(limit int) {
	var out []byte
	at, done := 0, 0
	for _, s := range w.found {
		if s.end > limit {
			limit = min(limit, s.start)
			break
		}
		out = append(out, w.pending[at:s.start]...)
		out = append(out, Mask...)
		at = s.end
		done++
	}
	if limit <= 0 {
		return
	}
	out = append(out, w.pending[at:limit]...)
	w.pending = append(w.pending[:0], w.pending[limit:]...)
	w.found = append(w.found[:0], w.found[done:]...)
	for i := range w.found {
		w.found[i].start -= limit
		w.found[i].end -= limit
	}
	if w.err == nil && len(out) > 0 {
		_, w.err = w.to.Write(out)
	}
}
