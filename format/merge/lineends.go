package merge

import (
	"bytes"

	"github.com/flask-vault/flask-vault/format"
)

// likeOurs gives a version the line ends of ours, so that the result has one kind
// alone. Only where all lines of ours end alike, and only in texts that have keys:
// the line ends of anything else are content.
func likeOurs(f format.Format, ours []byte, versions ...*[]byte) {
	ends := bytes.Count(ours, []byte("\n"))
	crlf := bytes.Count(ours, []byte("\r\n"))
	if ends == 0 || crlf != 0 && crlf != ends {
		return
	}
	doc, err := f.Parse(ours)
	if err != nil {
		return
	}
	if _, ok := doc.(format.Outliner); !ok {
		return
	}
	for _, v := range versions {
		text := bytes.ReplaceAll(*v, []byte("\r\n"), []byte("\n"))
		if crlf != 0 {
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
		}
		*v = text
	}
}
