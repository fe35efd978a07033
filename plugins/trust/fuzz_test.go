package trust

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParseRecord: a record that is accepted names a file beside it, and nothing else.
func FuzzParseRecord(f *testing.F) {
	sum := strings.Repeat("ab", 32)
	f.Add("shop", []byte(`{"sha256":"`+sum+`","file":"`+fileName("shop", sum)+`","operations":["load"]}`))
	f.Add("shop", []byte(`{"sha256":"`+sum+`","file":"../evil"}`))
	f.Add("../x", []byte(`{}`))
	f.Add("shop", []byte(`{"environment":["FLASK_VAULT_MASTER_KEY","\u0000"]}`))
	f.Add("shop", []byte("[["))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		r, err := parseRecord(name, text)
		if err != nil {
			return
		}
		if CheckName(name) == nil && filepath.Base(r.File) != r.File {
			t.Fatalf("the record of %q names the file %q", name, r.File)
		}
		for _, v := range r.Environment {
			if u := strings.ToUpper(v); strings.HasPrefix(u, "FLASK_VAULT_") || strings.ContainsAny(v, "=\x00") {
				t.Fatalf("the record asks for the variable %q", v)
			}
		}
	})
}
