package gcmstream_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend/gcmstream"
)

// vector is a test vector without associated data.
type vector struct {
	name                           string
	key, nonce, plaintext, ct, tag []byte
	bad                            bool
}

// run opens the vector, and seals it if it is good.
func (v vector) run(t *testing.T) {
	t.Helper()
	g, nonce, sealed := newGCM(t, v.key), [12]byte(v.nonce), append(v.ct, v.tag...)
	for _, n := range []int{16, 48, 1 << 10} {
		got, err := open(g, nonce, sealed, n)
		_, uncheckedErr := openUnchecked(g, nonce, sealed, n)
		if v.bad {
			if !errors.Is(err, gcmstream.ErrAuth) || !errors.Is(uncheckedErr, gcmstream.ErrAuth) {
				t.Errorf("%s: errors %v and %v for what must be refused", v.name, err, uncheckedErr)
			}
			continue
		}
		if err != nil || uncheckedErr != nil || string(got) != string(v.plaintext) {
			t.Errorf("%s: errors %v and %v, or another plaintext", v.name, err, uncheckedErr)
		}
		if string(seal(t, g, nonce, v.plaintext, n)) != string(sealed) {
			t.Errorf("%s: sealed to other bytes", v.name)
		}
	}
}

func runAll(t *testing.T, vectors []vector, good, bad int) {
	t.Helper()
	for _, v := range vectors {
		if v.run(t); v.bad {
			bad--
		} else {
			good--
		}
	}
	if good != 0 || bad != 0 {
		t.Errorf("%d good and %d bad vectors are missing", good, bad)
	}
}

func TestNISTVectors(t *testing.T) {
	text, err := os.ReadFile("../testdata/nist_gcmDecrypt128.rsp")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	for _, block := range strings.Split(strings.ReplaceAll(string(text), "\r", ""), "\n\n") {
		fields := map[string][]byte{}
		for _, line := range strings.Split(block, "\n") {
			if name, value, ok := strings.Cut(line, " ="); ok {
				fields[name], _ = hex.DecodeString(strings.TrimSpace(value))
			}
		}
		if fields["Key"] != nil && len(fields["AAD"]) == 0 {
			vectors = append(vectors, vector{"key " + hex.EncodeToString(fields["Key"]), fields["Key"], fields["IV"], fields["PT"], fields["CT"], fields["Tag"], strings.Contains(block, "FAIL")})
		}
	}
	runAll(t, vectors, 34, 41)
}

func TestWycheproofVectors(t *testing.T) {
	text, err := os.ReadFile("../testdata/wycheproof_aes_gcm.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			IVSize, TagSize int
			Tests           []struct {
				Comment, Key, IV, AAD, Msg, CT, Tag, Result string
			}
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	for _, g := range file.TestGroups {
		for _, v := range g.Tests {
			b := func(s string) []byte { raw, _ := hex.DecodeString(s); return raw }
			if g.IVSize == 96 && g.TagSize == 128 && v.AAD == "" {
				vectors = append(vectors, vector{v.Comment, b(v.Key), b(v.IV), b(v.Msg), b(v.CT), b(v.Tag), v.Result == "invalid"})
			}
		}
	}
	runAll(t, vectors, 64, 81)
}
