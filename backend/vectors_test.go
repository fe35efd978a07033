package backend_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/keysource"
)

// vector is an entry of tokens.json, bad.json or lenient.json. The key is the
// text of a key file.
type vector struct {
	Key       string  `json:"key_b64"`
	Plaintext string  `json:"plaintext_b64"`
	AAD       *string `json:"associated_data_b64"`
	Token     string  `json:"token"`
	Why       string  `json:"why"`
}

func (v vector) open() ([]byte, error) {
	key, err := keysource.ParseKey([]byte(v.Key))
	if err != nil {
		return nil, err
	}
	c, err := backend.NewCipher(key)
	if err != nil {
		return nil, err
	}
	var aad []byte
	if v.AAD != nil {
		if aad, err = base64.StdEncoding.DecodeString(*v.AAD); err != nil {
			return nil, err
		}
	}
	return c.Open([]byte(v.Token), aad)
}

func loadVectors(t *testing.T, name string, want int) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/flask-vault/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var vs []vector
	if err := json.Unmarshal(text, &vs); err != nil {
		t.Fatal(err)
	}
	if len(vs) != want {
		t.Fatalf("%s has %d entries, want %d", name, len(vs), want)
	}
	return vs
}

func TestTokensOfFlaskVaultOpen(t *testing.T) {
	for i, v := range loadVectors(t, "tokens.json", 87) {
		got, err := v.open()
		if want, _ := base64.StdEncoding.DecodeString(v.Plaintext); err != nil || string(got) != string(want) {
			t.Errorf("token %d: error %v, or another plaintext than Flask-Vault's", i, err)
		}
	}
}

func TestBadTokensAreRefusedWithATypedError(t *testing.T) {
	for i, v := range loadVectors(t, "bad.json", 390) {
		got, err := v.open()
		typed := errors.Is(err, keysource.ErrBadKey) || errors.Is(err, backend.ErrMalformed) || errors.Is(err, backend.ErrAuth)
		if !typed || got != nil {
			t.Errorf("entry %d (%s): error %v, %d bytes", i, v.Why, err, len(got))
		}
		if err != nil && len(v.Token) > 8 && strings.Contains(err.Error(), v.Token[:8]) {
			t.Errorf("entry %d (%s): the error quotes the token", i, v.Why)
		}
	}
}

// TestLenientTokens pins which of the texts that Python's decoder lets pass are
// accepted: white space around and line ends inside, and what was canonical all
// along. docs/format.md says why.
func TestLenientTokens(t *testing.T) {
	accepted := map[string]bool{
		"trailing newline": true, "trailing CRLF": true, "leading spaces": true, "wrapped at 40": true,
		"newline between the padding characters": true, "unpadded token, trailing newline": true,
		"key file: trailing newline": true, "key file: CRLF": true, "key file: spaces around": true, "key file: leading newline": true,
		"made with empty AAD, read with none": true, "made without AAD, read with empty AAD": true,
	}
	opened := 0
	for i, v := range loadVectors(t, "lenient.json", 83) {
		got, err := v.open()
		if !accepted[v.Why] {
			if !errors.Is(err, backend.ErrMalformed) && !errors.Is(err, keysource.ErrBadKey) {
				t.Errorf("entry %d (%s) should be refused as malformed, got %v", i, v.Why, err)
			}
			continue
		}
		opened++
		if want, _ := base64.StdEncoding.DecodeString(v.Plaintext); err != nil || string(got) != string(want) {
			t.Errorf("entry %d (%s): error %v, or another plaintext", i, v.Why, err)
		}
	}
	if opened < 30 {
		t.Errorf("only %d entries were opened", opened)
	}
}

func TestNISTVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/nist_gcmDecrypt128.rsp")
	if err != nil {
		t.Fatal(err)
	}
	passed, failed := 0, 0
	for _, block := range strings.Split(string(text), "\n\n") {
		fields := map[string][]byte{}
		for _, line := range strings.Split(block, "\n") {
			if name, value, ok := strings.Cut(line, " ="); ok {
				fields[name], _ = hex.DecodeString(strings.TrimSpace(value))
			}
		}
		if fields["Key"] == nil {
			continue
		}
		got, err := openRaw(t, fields["Key"], fields["IV"], append(fields["CT"], fields["Tag"]...), fields["AAD"])
		switch bad := strings.Contains(block, "FAIL"); {
		case bad && errors.Is(err, backend.ErrAuth):
			failed++
		case !bad && err == nil && string(got) == string(fields["PT"]):
			passed++
		default:
			t.Errorf("key %x: error %v, expected to fail: %v", fields["Key"], err, bad)
		}
	}
	if passed != 179 || failed != 196 {
		t.Errorf("%d vectors passed and %d were refused, want 179 and 196", passed, failed)
	}
	t.Logf("%d vectors pass and %d are refused", passed, failed)
}

func TestWycheproofVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/wycheproof_aes_gcm.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			IVSize, KeySize, TagSize int
			Tests                    []struct {
				ID                                 int `json:"tcId"`
				Key, IV, AAD, Msg, CT, Tag, Result string
			}
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	valid, invalid := 0, 0
	for _, g := range file.TestGroups {
		if g.IVSize != 96 || g.KeySize != 128 || g.TagSize != 128 {
			continue
		}
		for _, v := range g.Tests {
			b := func(s string) []byte { raw, _ := hex.DecodeString(s); return raw }
			got, err := openRaw(t, b(v.Key), b(v.IV), b(v.CT+v.Tag), b(v.AAD))
			switch {
			case v.Result == "valid" && err == nil && string(got) == string(b(v.Msg)):
				valid++
			case v.Result == "invalid" && errors.Is(err, backend.ErrAuth):
				invalid++
			default:
				t.Errorf("test %d (%s): error %v", v.ID, v.Result, err)
			}
		}
	}
	if valid != 40 || invalid != 27 {
		t.Errorf("%d valid and %d invalid vectors, want 40 and 27", valid, invalid)
	}
	t.Logf("%d vectors pass and %d are refused", valid, invalid)
}

// openRaw opens a message through the public path, envelope and all.
func openRaw(t *testing.T, key, nonce, ciphertext, aad []byte) ([]byte, error) {
	t.Helper()
	k, err := keysource.KeyFromBytes(key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := backend.NewCipher(k)
	if err != nil {
		t.Fatal(err)
	}
	token := base64.URLEncoding.EncodeToString(append(append([]byte{}, nonce...), ciphertext...))
	return c.Open([]byte(token), aad)
}
