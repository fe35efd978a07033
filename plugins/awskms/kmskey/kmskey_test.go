package kmskey

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	if err := loadError(t, src); code(err) != plugins.Denied || !strings.Contains(err.Error(), "one is set") {
		t.Errorf("half a key: %v", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_SESSION_TOKEN", "")
	if err := loadError(t, src); code(err) != plugins.Denied || !strings.Contains(err.Error(), "export-credentials") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "credentials")
	text := "# mine\n[default]\naws_access_key_id = OTHER\naws_secret_access_key = other\n\n[shop]\naws_access_key_id=" + accessKey + "\naws_secret_access_key = " + secretKey + "\nregion = x\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "credentials") // a plugin runs in another directory than its user
	if err := loadError(t, src); code(err) != plugins.BadSettings || !strings.Contains(err.Error(), "AWS_SHARED_CREDENTIALS_FILE has to be named with an absolute path") {
		t.Errorf("a relative path: %v", err)
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

// As in a pod of EKS: the token of the pod becomes credentials at STS, and those go to KMS.
func TestAWebIdentity(t *testing.T) {
	f := newFake(t)
	sts := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch token := r.PostFormValue("WebIdentityToken"); {
		case r.PostFormValue("Action") != "AssumeRoleWithWebIdentity" || r.PostFormValue("RoleArn") != "arn:aws:iam::1:role/shop":
			t.Errorf("STS was sent %v", r.PostForm)
		case token == "down":
			w.WriteHeader(http.StatusServiceUnavailable)
		case token != "pod-token":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>got %s</Message></Error></ErrorResponse>`, token) //nolint:gosec // a server may do so
		default:
			fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>2126-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
				accessKey, secretKey, session)
		}
	}))
	defer sts.Close()
	f.trust(sts)
	token := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(token, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "",
		"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:aws:iam::1:role/shop", "AWS_ENDPOINT_URL_STS": sts.URL,
	} {
		t.Setenv(name, value)
	}
	src, k := newSource(t, settings(t.TempDir(), "production")), keysource.NewKey()
	write("pod-token\n")
	if err := src.Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if got, err := src.Load(t.Context()); err != nil || !got.Equal(k) {
		t.Errorf("got %v, %v", got, err)
	}
	write("other-token")
	if err := loadError(t, src); code(err) != plugins.Denied || strings.Contains(err.Error(), "other-token") || !strings.Contains(err.Error(), "must trust") {
		t.Errorf("got %v", err)
	}
	write("down")
	if err := loadError(t, src); code(err) != plugins.Unavailable {
		t.Errorf("got %v", err)
	}
	sts.Close()
	if err := loadError(t, src); code(err) != plugins.Unavailable {
		t.Errorf("got %v", err)
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
