package export

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// writeJSON writes one object, flat, in the entries' order.
func writeJSON(b *bytes.Buffer, entries []Entry, _ Options) error {
	b.WriteString("{")
	for i, e := range entries {
		if i > 0 {
			b.WriteString(",")
		}
		if !utf8.ValidString(e.Value.Reveal()) {
			return &ValueError{Key: e.Key, Msg: notUTF8.Error()}
		}
		b.WriteString("\n  ")
		b.Write(jsonString(e.Name))
		b.WriteString(": ")
		b.Write(jsonString(e.Value.Reveal()))
	}
	if len(entries) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("}\n")
	return nil
}

func jsonString(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string is always encoded
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
