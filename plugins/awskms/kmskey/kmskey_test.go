package kmskey

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/internal/wrapped"
)

func ExampleNew() {
	src, err := New(keysource.Settings{"vault_directory": os.TempDir(), "key": "alias/shop", "region": "eu-central-1", "app": "shop", "environment": "production"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(src.Name())
	// Output: awskms alias/shop
}

func settings(dir, environment string) keysource.Settings {
	return keysource.Settings{wrapped.Directory: dir, "key": keyARN, "app": "shop", "environment": environment}
}

func newSource(t *testing.T, s keysource.Settings) source {
	t.Helper()
	src, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return src.(source)
}

func code(err error) plugins.Code {
	var e *external.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func loadError(t *testing.T, src source) error {
	_, err := src.Load(t.Context())
	return err
}

// The vector get-vanilla of the test suite that AWS published for Signature
// Version 4, and the date and key of its documents.
func TestSignatureOfAWS(t *testing.T) {
	header := http.Header{}
	u := &url.URL{Scheme: "https", Host: "example.amazonaws.com"}
	credentials{id: accessKey, secret: secretKey}.sign(http.MethodGet, u, header, nil, "us-east-1", "service", time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
	const want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
	if got := header.Get("Authorization"); got != want {
		t.Errorf("got %s", got)
	}
}

func TestConformance(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	path := filepath.Join(dir, defaultFile)
	src := newSource(t, settings(dir, "production"))
	keysourcetest.Run(t, keysourcetest.Harness{
		New: New, Settings: settings(dir, "production"),
		Put: func(text []byte) error {
			return os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(f.seal(text, src.context))), 0o644)
		},
		Clear: func() error { return os.RemoveAll(path) },
	})
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	for name, value := range map[string]string{
		"key": "alias/shop", "app": "", "environment": "a:b", "region": "evil.example.com/", "file": "../x", "endpoint": "https://evil.example.com",
	} {
		s := settings(dir, "production")
		s[name] = value
		if _, err := New(s); err == nil {
			t.Errorf("%s: %q was taken", name, value)
		}
	}
}

// Without a variable of the user a request goes to AWS and nowhere else.
func TestEndpoint(t *testing.T) {
	newFake(t)
	t.Setenv("AWS_ENDPOINT_URL_KMS", "")
	for region, want := range map[string]string{"eu-central-1": "https://kms.eu-central-1.amazonaws.com/", "cn-north-1": "https://kms.cn-north-1.amazonaws.com.cn/"} {
		s := settings(t.TempDir(), "production")
		s["region"] = region
		if u, err := newSource(t, s).endpoint(); err != nil || u.String() != want {
			t.Errorf("%s: %v, %v", region, u, err)
		}
	}
	for _, address := range []string{"http://kms.example.com", "https://kms.example.com/path"} {
		t.Setenv("AWS_ENDPOINT_URL", address)
		if _, err := newSource(t, settings(t.TempDir(), "production")).endpoint(); code(err) != plugins.BadSettings {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTheContextIsBound(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	if err := newSource(t, settings(dir, "staging")).Save(t.Context(), keysource.NewKey()); err != nil {
		t.Fatal(err)
	}
	other := settings(dir, "staging")
	other["app"] = "mail"
	for _, s := range []keysource.Settings{settings(dir, "production"), other} {
		if err := loadError(t, newSource(t, s)); err == nil || !strings.Contains(err.Error(), "another app or environment") {
			t.Errorf("got %v", err)
		}
	}
	f.other = true
	if err := loadError(t, newSource(t, settings(dir, "staging"))); err == nil {
		t.Error("another KMS key opened it")
	}
}

func TestCredentials(t *testing.T) {
	newFake(t)
	src := newSource(t, settings(t.TempDir(), "production"))
	k := keysource.NewKey()
	if err := src.Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
	if err := loadError(t, src); code(err) != plugins.Denied || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("got %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SESSION_TOKEN", "")
	if err := loadError(t, src); code(err) != plugins.Denied || !strings.Contains(err.Error(), "export-credentials") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "credentials")
	text := "# mine\n[default]\naws_access_key_id = OTHER\naws_secret_access_key = other\n\n[shop]\naws_access_key_id=" + accessKey + "\naws_secret_access_key = " + secretKey + "\nregion = x\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	if err := loadError(t, src); code(err) != plugins.Denied {
		t.Errorf("the default profile: %v", err)
	}
	t.Setenv("AWS_PROFILE", "shop")
	if got, err := src.Load(t.Context()); err != nil || !got.Equal(k) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWhatKMSAnswers(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	src := newSource(t, settings(dir, "production"))
	if err := src.Save(t.Context(), keysource.NewKey()); err != nil {
		t.Fatal(err)
	}
	for fault, want := range map[string]plugins.Code{
		"InvalidCiphertextException": "", "AccessDeniedException": plugins.Denied, "NotFoundException": plugins.BadSettings,
		"DisabledException": plugins.Locked, "ExpiredTokenException": plugins.Denied, "ThrottlingException": plugins.Unavailable, "<b>": plugins.Unavailable,
	} {
		f.fault = fault
		for _, err := range []error{loadError(t, src), src.Save(t.Context(), keysource.NewKey())} {
			if err == nil || code(err) != want || strings.Contains(err.Error(), "hunter22") || strings.Contains(err.Error(), "<b>") {
				t.Errorf("%s gives %v", fault, err)
			}
		}
	}
	f.fault = ""
	if err := os.WriteFile(filepath.Join(dir, defaultFile), []byte("hello!"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := loadError(t, src); err == nil || !strings.Contains(err.Error(), "does not hold what KMS wraps") {
		t.Errorf("got %v", err)
	}
	f.server.Close()
	if err := src.Save(t.Context(), keysource.NewKey()); code(err) != plugins.Unavailable {
		t.Errorf("got %v", err)
	}
}
