package search

import "bytes"

// isBase64 says which bytes base64 is made of, in both alphabets, without padding.
var isBase64 = func() (is [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_") {
		is[c] = true
	}
	return is
}()

// joined looks through base64 that goes on in the next lines, whatever their length
// and their indentation, and whether they end with CRLF. Most lines of a text end
// with something else, and are left at that.
func (r *Reader) joined(s *Set, text []byte, found func(pattern, begin, end int) bool) {
	reach := s.longest - 1
	if reach < 0 {
		return
	}
	w := &r.window
	for from := 0; ; {
		i := bytes.IndexByte(text[from:], '\n')
		if i < 0 {
			return
		}
		newline := from + i
		from = newline + 1
		end := newline
		for end > 0 && isSpace(text[end-1]) && text[end-1] != '\n' { // what an empty line follows was looked at
			end--
		}
		if end == 0 || !isBase64[text[end-1]] {
			continue
		}
		head := skipSpace(text, from)
		if head == len(text) || !isBase64[text[head]] {
			continue
		}
		begin := end - 1
		for begin > 0 && end-begin < reach && isBase64[text[begin-1]] {
			begin--
		}
		w.reset()
		w.add(text[begin:end], begin)
		for {
			begin = head
			for head < len(text) && isBase64[text[head]] {
				head++
			}
			w.add(text[begin:head], begin)
			from = head
			next := skipSpace(text, head)
			if next == len(text) || !isBase64[text[next]] || bytes.IndexByte(text[head:next], '\n') < 0 {
				break
			}
			head = next
		}
		if len(w.text) >= s.shortest && !w.find(s, false, found) {
			return
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func skipSpace(text []byte, at int) int {
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	return at
}
