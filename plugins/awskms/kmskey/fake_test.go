package kmskey

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	session   = "a-session/token+=="
	keyARN    = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// fake answers as KMS does, over TLS, as far as the plugin uses it. It is a fake:
// what it knows of KMS is what its documents say. It fails the test for a header
// that is missing or too much, and refuses a signature that it does not compute too.
type fake struct {
	t      *testing.T
	server *httptest.Server
	fault  string // what it answers to all, if not ""
	other  bool   // whether the key is another one
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t}
	f.server = httptest.NewTLSServer(f)
	t.Cleanup(f.server.Close)
	for _, name := range Environment() {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_ENDPOINT_URL_KMS", f.server.URL)
	f.trust(f.server)
	t.Setenv("AWS_ACCESS_KEY_ID", accessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	t.Setenv("AWS_SESSION_TOKEN", session)
	t.Setenv("HOME", t.TempDir())
	return f
}

// trust has clients trust a server beside the fake.
func (f *fake) trust(also *httptest.Server) {
	var text []byte
	for _, s := range []*httptest.Server{f.server, also} {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})...)
	}
	ca := filepath.Join(f.t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.t.Setenv("AWS_CA_BUNDLE", ca)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	known := []string{"Accept-Encoding", "Authorization", "Content-Length", "Content-Type", "User-Agent", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Target"}
	for name := range r.Header {
		if !slices.Contains(known, name) {
			f.t.Errorf("the header %s is sent", name)
		}
	}
	if r.Method != http.MethodPost || r.URL.String() != "/" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		f.t.Errorf("%s %s of the type %s", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	operation, found := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	switch {
	case !found:
		f.t.Errorf("the target is %s", r.Header.Get("X-Amz-Target"))
	case f.fault != "":
		f.refuse(w, f.fault)
	case r.Header.Get("Authorization") != f.authorization(r, body):
		f.refuse(w, "InvalidSignatureException")
	default:
		f.answer(w, operation, body)
	}
}

func (f *fake) refuse(w http.ResponseWriter, fault string) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type":"com.amazonaws.kms#%s","message":"you sent hunter22"}`, fault)
}

// authorization is the header as the documents of Signature Version 4 build it,
// written from them for this request alone and not with what the plugin uses.
func (f *fake) authorization(r *http.Request, body []byte) string {
	when, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if age := time.Since(when); err != nil || age > 5*time.Minute || age < -5*time.Minute {
		f.t.Errorf("the date is %s", r.Header.Get("X-Amz-Date"))
	}
	day := r.Header.Get("X-Amz-Date")[:8]
	token, signed := "", "content-type;host;x-amz-date;x-amz-target"
	if s := r.Header.Get("X-Amz-Security-Token"); s != "" {
		token, signed = "x-amz-security-token:"+s+"\n", "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
	}
	canonical := "POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:" + r.Host + "\nx-amz-date:" + r.Header.Get("X-Amz-Date") + "\n" +
		token + "x-amz-target:" + r.Header.Get("X-Amz-Target") + "\n\n" + signed + "\n" + fmt.Sprintf("%x", sha256.Sum256(body))
	toSign := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + day + "/eu-central-1/kms/aws4_request\n" + fmt.Sprintf("%x", sha256.Sum256([]byte(canonical)))
	sum := func(key, text []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(text)
		return h.Sum(nil)
	}
	key := sum(sum(sum(sum([]byte("AWS4"+secretKey), []byte(day)), []byte("eu-central-1")), []byte("kms")), []byte("aws4_request"))
	return fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/eu-central-1/kms/aws4_request, SignedHeaders=%s, Signature=%x", accessKey, day, signed, sum(key, []byte(toSign)))
}

func (f *fake) answer(w http.ResponseWriter, operation string, body []byte) {
	var in struct {
		KeyId             string //nolint:revive,staticcheck // as KMS spells it
		Plaintext         []byte
		CiphertextBlob    []byte
		EncryptionContext map[string]string
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		f.t.Errorf("the body: %v", err)
	}
	out := map[string]any{"KeyId": keyARN, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
	switch {
	case in.KeyId != keyARN:
		f.refuse(w, "NotFoundException")
		return
	case operation == "Encrypt":
		out["CiphertextBlob"] = f.seal(in.Plaintext, in.EncryptionContext)
	case operation == "Decrypt":
		aead := f.aead()
		if len(in.CiphertextBlob) < 12 {
			f.refuse(w, "InvalidCiphertextException")
			return
		}
		plain, err := aead.Open(nil, in.CiphertextBlob[:12], in.CiphertextBlob[12:], encode(in.EncryptionContext))
		if err != nil {
			f.refuse(w, "InvalidCiphertextException")
			return
		}
		out["Plaintext"] = plain
	default:
		f.t.Errorf("it was asked to %s", operation)
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (f *fake) aead() cipher.AEAD {
	secret := []byte("the KMS key, 16.")
	if f.other {
		secret[0]++
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		f.t.Fatal(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func (f *fake) seal(plain []byte, context map[string]string) []byte {
	nonce := make([]byte, 12)
	rand.Read(nonce)
	return f.aead().Seal(nonce, nonce, plain, encode(context))
}

// encode is the context in a fixed order.
func encode(context map[string]string) []byte {
	text, _ := json.Marshal(context)
	return text
}
