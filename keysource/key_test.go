package keysource_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/format/formattest"
	"github.com/flask-vault/flask-vault/keysource"
)

const text = "MDEyMzQ1Njc4OWFiY2RlZg==" // 0123456789abcdef

func TestParseKey(t *testing.T) {
	for in, size := range map[string]int{
		text:                               16,
		text + "\n":                        16,
		" \r\n" + text + "\t":              16,
		"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3": 24,
		"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=": 32,
	} {
		if k, err := keysource.ParseKey([]byte(in)); err != nil || k.Size() != size {
			t.Errorf("%q: size %d, %v", in, k.Size(), err)
		}
	}
	for _, in := range []string{
		"", " \n", "0123456789abcdef", strings.TrimRight(text, "="), text + text, text + "# prod", "MDEyMzQ1\nNjc4OWFiY2RlZg==",
		"MDEyMzQ1Njc4OWFiY2RlZh==", // unused bits set
		"MDEyMzQ1Njc4OWFiY2Rl", strings.Repeat("A", 5000), "\xff\xfe" + text,
	} {
		k, err := keysource.ParseKey([]byte(in))
		if !errors.Is(err, keysource.ErrBadKey) || !k.IsZero() {
			t.Errorf("%q: %v, %v", in, k, err)
		}
		if err != nil && len(in) > 8 && strings.Contains(err.Error(), in[2:8]) {
			t.Errorf("the error quotes what it was given: %v", err)
		}
	}
}

func TestKeyTextComesBack(t *testing.T) {
	k := keysource.NewKey()
	back, err := keysource.ParseKey([]byte(k.Text()))
	if err != nil || !back.Equal(k) || k.Equal(keysource.NewKey()) {
		t.Errorf("%v, %v", back, err)
	}
}

// TestKeyIDIsStable pins the id: flask-vault.yaml records it.
func TestKeyIDIsStable(t *testing.T) {
	k, err := keysource.ParseKey([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if k.ID() != "a23c29c5" {
		t.Errorf("id %s", k.ID())
	}
	if (keysource.Key{}).ID() != "" {
		t.Error("the zero key has an id")
	}
}

// TestKeyNeverShows formats a key in every way there is and looks for its bytes.
func TestKeyNeverShows(t *testing.T) {
	raw := []byte("0123456789abcdef")
	k, err := keysource.KeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	type hidden struct { // no method of what is not exported is ever called
		k keysource.Key
		p *keysource.Key
	}
	for _, v := range []any{hidden{k, &k}, &hidden{k: k}, k, &k, struct{ K keysource.Key }{k}, []keysource.Key{k}, map[string]keysource.Key{"k": k}} {
		for verb := byte('a'); verb <= 'z'; verb++ {
			for _, flag := range []string{"", "+", "#", " ", "10.3"} {
				fmt.Fprintf(&out, "%"+flag+string(verb)+"\n", v)
				fmt.Fprintf(&out, "%"+flag+string(verb-'a'+'A')+"\n", v)
			}
		}
		out.WriteString(formattest.Dump(v)) // as testify prints what differs
		js, _ := json.Marshal(v)
		out.Write(js)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("key", "k", k, "p", &k)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "k", k, "s", struct{ K keysource.Key }{k})
	fmt.Fprint(&out, fmt.Errorf("wrapped: %v", k))
	shown := strings.ToLower(out.String())
	for _, form := range []string{string(raw), text, hex.EncodeToString(raw), "48 49 50 51", "[48,49,50", "0x30, 0x31"} {
		if strings.Contains(shown, strings.ToLower(form)) {
			t.Errorf("the key shows as %q", form)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{text, "", text + "\r\n", "not a key", text[:20]} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		k, err := keysource.ParseKey(in)
		if err != nil {
			if !errors.Is(err, keysource.ErrBadKey) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if k.Text() != string(bytes.TrimSpace(in)) {
			t.Fatalf("a key that is not written as it was read")
		}
	})
}

func ExampleKey() {
	k, err := keysource.ParseKey([]byte("MDEyMzQ1Njc4OWFiY2RlZg==\n"))
	fmt.Println(k, k.ID(), k.Size(), err)
	// Output: [key a23c29c5] a23c29c5 16 <nil>
}
