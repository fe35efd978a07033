package search

// View is a way to read a stream.
type View uint8

// The views. Places in the others are told as places in the stream.
const (
	AsIs      View = iota
	Unescaped      // with the escapes of strings, URLs and shells undone
	Joined         // with the line breaks in base64 taken out
	numViews
)

// Views are the sets to look for in each view. Any can be nil.
type Views [numViews]*Set

// The most bytes of a stream that one byte of a view is made of: \u0041, and a digit
// in a line of its own with some indentation. What takes more is found all the same,
// unless the end of what is read at once goes through it.
var spread = [numViews]int{AsIs: 1, Unescaped: 6, Joined: 4}

// keep is how many bytes of a chunk have to be looked at again with the next one.
func (v Views) keep() int {
	keep := 0
	for view, s := range v {
		if s != nil {
			keep = max(keep, (s.longest-1)*spread[view])
		}
	}
	return keep
}

// window is a part of a view, and where its bytes are from.
type window struct {
	text  []byte
	jumps []jump
}

// jump says that the bytes from to on are those from at on in the stream.
type jump struct{ to, at int }

func (w *window) reset() { w.text, w.jumps = w.text[:0], w.jumps[:0] }

// add takes a piece that is in the stream as it is.
func (w *window) add(piece []byte, at int) {
	w.jumps = append(w.jumps, jump{len(w.text), at})
	w.text = append(w.text, piece...)
}

// source is where the byte at a place of the window begins.
func (w *window) source(to int) int {
	low, high := 0, len(w.jumps)
	for low+1 < high {
		if mid := (low + high) / 2; w.jumps[mid].to <= to {
			low = mid
		} else {
			high = mid
		}
	}
	return w.jumps[low].at + to - w.jumps[low].to
}

// find calls found for the places of a set that are written otherwise in the stream.
// behind says whether a byte's place in the stream ends where the next one's begins.
func (w *window) find(s *Set, behind bool, found func(pattern, begin, end int) bool) bool {
	going := true
	s.Find(w.text, func(pattern, at int) bool {
		n := s.Len(pattern)
		begin, end := w.source(at), w.source(at+n-1)+1
		if behind {
			end = w.source(at + n)
		}
		if end-begin > n {
			going = found(pattern, begin, end)
		}
		return going
	})
	return going
}
