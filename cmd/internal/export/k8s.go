package export

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"sync"
)

// maxSecret is how many bytes the values of a Kubernetes Secret may have together.
const maxSecret = 1 << 20

// dns1123 is what Kubernetes takes for the name of an object.
var dns1123 = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
})

// writeSecret writes a manifest. Base64 carries every value. Keys stand in
// quotes, since readers of YAML 1.1 take Y and NO for bools.
func writeSecret(b *bytes.Buffer, entries []Entry, o Options) error {
	if len(o.Name) > 253 || !dns1123().MatchString(o.Name) {
		return &NameError{Name: o.Name, Msg: "a Secret's name is made of small letters, digits, - and ., begins and ends with a letter or digit, and has at most 253 characters"}
	}
	fmt.Fprintf(b, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: %q\ntype: Opaque\n", o.Name)
	if len(entries) > 0 {
		b.WriteString("data:\n")
	}
	size := 0
	for _, e := range entries {
		if len(e.Name) > 253 {
			return &NameError{Name: e.Name, Msg: "a key of a Secret has at most 253 characters"}
		}
		if size += len(e.Value.Reveal()); size > maxSecret {
			return &ValueError{Key: e.Key, Msg: "makes the Secret larger than 1 MiB, which Kubernetes refuses"}
		}
		fmt.Fprintf(b, "  %q: %q\n", e.Name, base64.StdEncoding.EncodeToString([]byte(e.Value.Reveal())))
	}
	return nil
}
