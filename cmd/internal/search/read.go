package search

import (
	"bytes"
	"io"
)

// chunk is how much of a stream is looked through at once, in bytes.
const chunk = 256 << 10

// Place is where in a stream a pattern begins.
type Place struct {
	Pattern int
	Offset  int64 // bytes from the beginning
	Line    int   // from 1
}

// Reader looks through streams, one after the other. It keeps a buffer, and is
// for one goroutine.
type Reader struct {
	set *Set
	buf []byte
}

// NewReader makes a reader.
func (s *Set) NewReader() *Reader {
	return &Reader{set: s, buf: make([]byte, chunk+max(s.longest-1, 0))}
}

// Find reads r to its end, or until found returns false, and calls found for
// each place where a pattern begins. n is how many bytes it read.
func (r *Reader) Find(from io.Reader, found func(Place) bool) (n int64, err error) {
	var (
		kept   = 0        // bytes at the beginning of buf that were looked at before
		offset = int64(0) // of buf[0]
		line   = 1        // of buf[0]
		going  = true
	)
	for going {
		read, err := io.ReadFull(from, r.buf[kept:])
		n += int64(read)
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return n, err
		}
		text := r.buf[:kept+read]
		counted, at := line, 0 // the line of text[at]
		// What begins in the last bytes may go on in the next chunk, and is left to it.
		keep := min(max(r.set.longest-1, 0), len(text))
		if last {
			keep = 0
		}
		r.set.Find(text, func(pattern, begin int) bool {
			if begin >= len(text)-keep {
				return true
			}
			if begin < at { // a longer pattern that ends later began before
				counted, at = line, 0
			}
			counted += bytes.Count(text[at:begin], []byte{'\n'})
			at = begin
			going = found(Place{pattern, offset + int64(begin), counted})
			return going
		})
		if last {
			return n, nil
		}
		done := len(text) - keep
		line += bytes.Count(text[:done], []byte{'\n'})
		offset += int64(done)
		kept = copy(r.buf, text[done:])
	}
	return n, nil
}
