package backend_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/keysource"
)

func newCipher(t testing.TB) *backend.Cipher {
	t.Helper()
	c, err := backend.NewCipher(keysource.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSealOpenGivesTheSameBytes(t *testing.T) {
	c := newCipher(t)
	rapid.Check(t, func(t *rapid.T) {
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")
		aad := rapid.SliceOf(rapid.Byte()).Draw(t, "aad")
		token, err := c.Seal(plaintext, aad)
		if err != nil {
			t.Fatal(err)
		}
		if want := (len(plaintext) + 28 + 2) / 3 * 4; len(token) != want {
			t.Fatalf("the token has %d characters, want %d", len(token), want)
		}
		got, err := c.Open(token, aad)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("error %v, or another plaintext", err)
		}
		if _, err := c.Open(token, append(aad, 0)); !errors.Is(err, backend.ErrAuth) {
			t.Fatalf("other associated data: %v", err)
		}
	})
}

// TestNoChangeGoesUnnoticed flips every bit, cuts at every length and appends.
func TestNoChangeGoesUnnoticed(t *testing.T) {
	c := newCipher(t)
	for _, n := range []int{0, 1, 33} {
		token, err := c.Seal(bytes.Repeat([]byte("x"), n), nil)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := base64.URLEncoding.DecodeString(string(token))
		if err != nil {
			t.Fatal(err)
		}
		refused := func(what string, raw []byte) {
			t.Helper()
			got, err := c.Open([]byte(base64.URLEncoding.EncodeToString(raw)), nil)
			if got != nil || !errors.Is(err, backend.ErrAuth) && !errors.Is(err, backend.ErrMalformed) {
				t.Errorf("%d bytes, %s: error %v", n, what, err)
			}
		}
		for bit := range len(sealed) * 8 {
			flipped := bytes.Clone(sealed)
			flipped[bit/8] ^= 1 << (bit % 8)
			refused(fmt.Sprintf("bit %d flipped", bit), flipped)
		}
		for cut := range sealed {
			refused(fmt.Sprintf("cut to %d", cut), sealed[:cut])
		}
		refused("one byte more", append(bytes.Clone(sealed), 0))
		// Every single character of the text counts too.
		for i := range token {
			for _, repl := range []byte("A_-+/=. \x00") {
				changed := bytes.Clone(token)
				if changed[i] == repl {
					continue
				}
				changed[i] = repl
				if i == len(token)-1 && repl == ' ' {
					continue // white space at the end is ignored: the rest is cut, and tested above
				}
				if got, err := c.Open(changed, nil); got != nil || err == nil {
					t.Errorf("%d bytes, character %d made %q: opened", n, i, repl)
				}
			}
		}
	}
}

// TestNoncesDiffer looks at ten million of them, and under the race detector, which
// makes that many times slower, at a tenth.
func TestNoncesDiffer(t *testing.T) {
	c := newCipher(t)
	count := 10_000_000
	if raceDetector {
		count /= 10
	}
	nonces := make([]nonce, count)
	var token []byte
	for i := range nonces {
		var err error
		if token, err = c.AppendSeal(token[:0], nil, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := base64.URLEncoding.Decode(nonces[i][:], token[:16]); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(nonces, func(a, b nonce) int { return bytes.Compare(a[:], b[:]) })
	if different := len(slices.Compact(nonces)); different != count {
		t.Errorf("of %d nonces %d differ", count, different)
	}
	t.Logf("%d seals, %d nonces", count, count)
}

type nonce [12]byte

// TestSealsAreCounted: a cipher tells from 2^31 seals on that a new key is due, and
// seals none beyond 2^32.
func TestSealsAreCounted(t *testing.T) {
	c := newCipher(t)
	for _, step := range []struct {
		from uint64
		worn bool
		err  error
	}{{1<<31 - 2, false, nil}, {1<<31 - 1, true, nil}, {1<<32 - 1, true, nil}, {1 << 32, true, backend.ErrWornKey}, {1 << 32, true, backend.ErrWornKey}} {
		c.SetSeals(step.from)
		if _, err := c.Seal([]byte("x"), nil); !errors.Is(err, step.err) {
			t.Errorf("after %d seals: %v", step.from, err)
		}
		if c.Worn() != step.worn {
			t.Errorf("after %d seals and one more it is worn: %v", step.from, c.Worn())
		}
	}
	if _, err := c.Seal(nil, nil); !errors.Is(err, backend.ErrWornKey) {
		t.Errorf("the count came round: %v", err)
	}
	if err := c.SealTo(t.Context(), io.Discard, "x", bytes.NewReader(make([]byte, 1<<20)), backend.FileOptions{}); !errors.Is(err, backend.ErrWornKey) {
		t.Errorf("a large one: %v", err)
	}
}

func TestLongKeysOpenButDoNotSeal(t *testing.T) {
	for _, size := range []int{24, 32} {
		k, err := keysource.KeyFromBytes(bytes.Repeat([]byte{7}, size))
		if err != nil {
			t.Fatal(err)
		}
		c, err := backend.NewCipher(k)
		if err != nil {
			t.Fatal(err)
		}
		if !c.ReadOnly() {
			t.Errorf("a key of %d bytes is not read-only", size)
		}
		if _, err := c.Seal([]byte("x"), nil); !errors.Is(err, backend.ErrReadOnlyKey) {
			t.Errorf("a key of %d bytes sealed: %v", size, err)
		}
	}
	if _, err := backend.NewCipher(keysource.Key{}); !errors.Is(err, keysource.ErrBadKey) {
		t.Errorf("no key: %v", err)
	}
}

func TestWhatIsNoEnvelopeIsExplained(t *testing.T) {
	c := newCipher(t)
	for text, want := range map[string]string{
		"":                             "it is empty",
		" \r\n":                        "it is empty",
		"db.password: hunter2":         "it looks like plain text that was never encrypted",
		"\x89PNG\r\n\x1a\n\x00":        "it is binary data, not base64",
		"v2.AAAA":                      "it was made by a newer version of flask-vault",
		"AAAA":                         "it is cut short",
		"AAAAA":                        "it is cut short",
		"<<<<<<< a\nQQ==\n>>>>>>> b\n": "it holds the conflict markers of a git merge",
	} {
		_, err := c.Open([]byte(text), nil)
		var e *backend.EnvelopeError
		if !errors.As(err, &e) || e.Reason != want {
			t.Errorf("%q: %v, want the reason %q", text, err, want)
		}
	}
}

// FuzzOpen: no input panics, and what opens is what Seal can make, white space
// and line ends aside.
func FuzzOpen(f *testing.F) {
	k, _ := keysource.ParseKey([]byte("MDEyMzQ1Njc4OWFiY2RlZg=="))
	c, err := backend.NewCipher(k)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "attack", "line\nend"} {
		token, _ := c.Seal([]byte(seed), nil)
		f.Add(token, []byte(nil))
		f.Add(token[:len(token)-1], []byte("aad"))
		f.Add(append([]byte("\r\n "), token...), []byte(nil))
	}
	f.Add([]byte("v2.AAAA"), []byte(nil))
	f.Add([]byte("<<<<<<< HEAD\nAAAA\n=======\nBBBB\n>>>>>>> x"), []byte(nil))
	f.Fuzz(func(t *testing.T, token, aad []byte) {
		plaintext, err := c.Open(token, aad)
		if err != nil {
			if !errors.Is(err, backend.ErrMalformed) && !errors.Is(err, backend.ErrAuth) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		canonical := strings.NewReplacer("\r", "", "\n", "").Replace(string(bytes.Trim(token, " \t\n\v\f\r")))
		if again, err := base64.URLEncoding.Strict().DecodeString(canonical); err != nil || len(again) != len(plaintext)+28 {
			t.Fatalf("opened from text that is not canonical")
		}
	})
}
