package search

import (
	"bytes"
	"cmp"
	"io"
	"slices"
)

// chunk is how much of a stream is looked through at once, in bytes.
const chunk = 256 << 10

// Place is where in a stream a pattern begins.
type Place struct {
	View    View
	Pattern int   // of the view's set
	Offset  int64 // bytes from the beginning
	End     int64 // the same, of what is behind the pattern
	Line    int   // from 1
}

// Reader looks through streams, one after the other. It keeps a buffer, and is
// for one goroutine.
type Reader struct {
	views  Views
	keep   int // bytes that can be of a pattern that the next chunk completes
	buf    []byte
	hits   []hit
	window window
}

type hit struct {
	view                View
	pattern, begin, end int
}

// NewReader makes a reader that looks for a set in streams as they are.
func (s *Set) NewReader() *Reader { return Views{AsIs: s}.NewReader() }

// NewReader makes a reader.
func (v Views) NewReader() *Reader {
	keep := v.keep()
	return &Reader{views: v, keep: keep, buf: make([]byte, keep+max(chunk, keep))}
}

// Find reads r to its end, or until found returns false, and calls found for
// each place where a pattern begins, in the order of the places. n is how many
// bytes it read.
func (r *Reader) Find(from io.Reader, found func(Place) bool) (n int64, err error) {
	var (
		kept   = 0        // bytes at the beginning of buf that were looked at before
		offset = int64(0) // of buf[0]
		line   = 1        // of buf[0]
	)
	for {
		read, err := io.ReadFull(from, r.buf[kept:])
		n += int64(read)
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return n, err
		}
		text := r.buf[:kept+read]
		// What begins in the last bytes may go on in the next chunk, and is left to it.
		keep := min(r.keep, len(text))
		if last {
			keep = 0
		}
		r.look(text, len(text)-keep)
		counted, at := line, 0 // the line of text[at]
		for _, h := range r.hits {
			counted += bytes.Count(text[at:h.begin], []byte{'\n'})
			at = h.begin
			if !found(Place{h.view, h.pattern, offset + int64(h.begin), offset + int64(h.end), counted}) {
				return n, nil
			}
		}
		if last {
			return n, nil
		}
		done := len(text) - keep
		line += bytes.Count(text[:done], []byte{'\n'})
		offset += int64(done)
		kept = copy(r.buf, text[done:])
	}
}

// look collects what begins in text before a place, in the order of the places.
func (r *Reader) look(text []byte, before int) {
	r.hits = r.hits[:0]
	for view, s := range r.views {
		if s == nil {
			continue
		}
		found := func(pattern, begin, end int) bool {
			if begin < before {
				r.hits = append(r.hits, hit{View(view), pattern, begin, end})
			}
			return true
		}
		switch View(view) {
		case Unescaped:
			r.unescaped(s, text, found)
		case Joined:
			r.joined(s, text, found)
		default:
			s.Find(text, func(pattern, at int) bool { return found(pattern, at, at+s.Len(pattern)) })
		}
	}
	slices.SortStableFunc(r.hits, func(a, b hit) int { return cmp.Compare(a.begin, b.begin) })
}
