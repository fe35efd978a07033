package transitkey

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fake answers as the transit engine does, over TLS, as far as the plugin uses it.
// It is a fake: what it knows of the engine is what the documents of OpenBao and
// Vault say. It fails the test for any header that is missing or too much.
type fake struct {
	t         *testing.T
	server    *httptest.Server
	derived   bool
	namespace string
	token     string // that may do all
	reader    string // that may only decrypt
	status    int    // what it answers to all, if not 0
	secret    []byte
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, derived: true, namespace: "team/shop", token: "hvs.writer", reader: "hvs.reader", secret: []byte("the transit key")}
	f.server = httptest.NewTLSServer(f)
	t.Cleanup(f.server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.server.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range Environment() {
		t.Setenv(name, "")
	}
	t.Setenv("VAULT_ADDR", f.server.URL)
	t.Setenv("VAULT_TOKEN", f.token)
	t.Setenv("VAULT_NAMESPACE", f.namespace)
	t.Setenv("VAULT_CACERT", ca)
	t.Setenv("HOME", t.TempDir())
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want := map[string]string{
		"X-Vault-Request": "true", "X-Vault-Namespace": f.namespace, "Content-Type": "application/json",
		"X-Vault-Token": r.Header.Get("X-Vault-Token"), "User-Agent": r.Header.Get("User-Agent"),
		"Accept-Encoding": "gzip", "Content-Length": r.Header.Get("Content-Length"),
	}
	for name, value := range want {
		if r.Header.Get(name) != value {
			f.t.Errorf("the header %s is %q", name, r.Header.Get(name))
		}
	}
	for name := range r.Header {
		if _, known := want[name]; !known {
			f.t.Errorf("the header %s is sent", name)
		}
	}
	if f.status != 0 {
		w.Header().Set("Location", "https://elsewhere.example.com/")
		http.Error(w, `{"errors":["`+leak+`"]}`, f.status)
		return
	}
	operation, found := strings.CutPrefix(r.URL.Path, "/v1/transit/")
	operation, key, _ := strings.Cut(operation, "/")
	token := r.Header.Get("X-Vault-Token")
	switch {
	case r.Method != http.MethodPost || !found:
		http.Error(w, `{"errors":[]}`, http.StatusNotFound)
	case token != f.token && (token != f.reader || operation != "decrypt"):
		http.Error(w, `{"errors":["permission denied"]}`, http.StatusForbidden)
	case key != "shop":
		http.Error(w, `{"errors":["encryption key not found"]}`, http.StatusBadRequest)
	default:
		f.answer(w, r, operation)
	}
}

// leak stands for what a server could say of what it was sent.
const leak = "invalid request: hunter22"

func (f *fake) answer(w http.ResponseWriter, r *http.Request, operation string) {
	var in struct {
		Plaintext  []byte `json:"plaintext"`
		Ciphertext string `json:"ciphertext"`
		Context    []byte `json:"context"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		f.t.Errorf("the body: %v", err)
	}
	if f.derived && len(in.Context) == 0 {
		http.Error(w, `{"errors":["missing 'context' for key derivation"]}`, http.StatusBadRequest)
		return
	}
	data := map[string]any{}
	switch operation {
	case "encrypt":
		data["ciphertext"], data["key_version"] = f.seal(in.Plaintext, in.Context), 1
	case "decrypt":
		plain, ok := f.open(in.Ciphertext, in.Context)
		if !ok {
			http.Error(w, `{"errors":["cipher: message authentication failed"]}`, http.StatusBadRequest)
			return
		}
		data["plaintext"] = base64.StdEncoding.EncodeToString(plain)
	default:
		f.t.Errorf("it was asked to %s", operation)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"request_id": "1", "lease_duration": 0, "data": data})
}

func (f *fake) aead(context []byte) cipher.AEAD {
	mac := hmac.New(sha256.New, f.secret)
	if f.derived {
		mac.Write(context)
	}
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		f.t.Fatal(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func (f *fake) seal(plain, context []byte) string {
	nonce := make([]byte, 12)
	rand.Read(nonce)
	return "vault:v1:" + base64.StdEncoding.EncodeToString(f.aead(context).Seal(nonce, nonce, plain, nil))
}

func (f *fake) open(ciphertext string, context []byte) ([]byte, bool) {
	blob, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(ciphertext, "vault:v1:"))
	if err != nil || len(blob) < 12 {
		return nil, false
	}
	plain, err := f.aead(context).Open(nil, blob[:12], blob[12:], nil)
	return plain, err == nil
}
