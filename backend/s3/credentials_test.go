package s3_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/aws"
	"github.com/flask-vault/flask-vault/backend/s3"
	"github.com/flask-vault/flask-vault/backend/s3/s3test"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCredentialsAreFoundAsTheToolsDo loads with what is in the environment and
// the files. The server knows one key.
func TestCredentialsAreFoundAsTheToolsDo(t *testing.T) {
	good := "aws_access_key_id = " + s3test.AccessKeyID + "\naws_secret_access_key=" + s3test.SecretAccessKey + "\n"
	bad := "aws_access_key_id = AKIDOTHER\naws_secret_access_key = other\n"
	goodKey := []string{"AWS_ACCESS_KEY_ID", s3test.AccessKeyID, "AWS_SECRET_ACCESS_KEY", s3test.SecretAccessKey}
	for _, c := range []struct {
		name, credentials, config string
		env                       []string
		profile                   string
		want                      string // "": it works
	}{
		{name: "environment", env: goodKey, credentials: "[default]\n" + bad},
		{name: "default profile", credentials: "[other]\n" + bad + "[default]\n" + good},
		{name: "in the config file", config: "[profile default]\n" + bad + "[default]\n" + good},
		{name: "the credentials file comes first", credentials: "[default]\n" + good, config: "[default]\n" + bad + "region = x\n"},
		{name: "AWS_PROFILE", env: []string{"AWS_PROFILE", "team"}, credentials: "[default]\n" + bad + "[team]\n" + good},
		{name: "a profile of the options comes before the environment", env: []string{"AWS_ACCESS_KEY_ID", "x", "AWS_SECRET_ACCESS_KEY", "y"}, profile: "team", config: "[profile team]\n" + good},
		{name: "comments and windows", credentials: "\ufeff# x\r\n\r\n[default]\r\n; y\r\n" + strings.ReplaceAll(good, "\n", " # z\r\n")},
		{name: "nested settings", config: "[default]\ns3 =\n  aws_access_key_id = x\n" + good},
		{name: "indented", credentials: "[default]\n  " + strings.ReplaceAll(good, "\n", "\n  "), config: "[default]\n  s3 =\n    aws_access_key_id = x\n"},
		{name: "half of a key", env: goodKey[:2], want: "one is set and the other is not"},
		{name: "none", want: "AWS_ACCESS_KEY_ID"},
		{name: "no such profile", profile: "nobody", credentials: "[default]\n" + good, want: `no profile "nobody"`},
		{name: "sso", config: "[default]\nsso_session = corp\n", want: "SSO, which is not supported; the AWS command line"},
		{name: "process", config: "[default]\ncredential_process = /bin/x\n", want: "credential_process"},
		{name: "role", config: "[profile p]\nrole_arn = arn:x\nsource_profile = default\n", profile: "p", want: "source_profile"},
		{name: "container", env: []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/x"}, want: "AWS_CONTAINER_CREDENTIALS_"},
		{name: "line break", env: []string{"AWS_ACCESS_KEY_ID", s3test.AccessKeyID, "AWS_SECRET_ACCESS_KEY", s3test.SecretAccessKey + "\n"}, want: "white space"},
		{name: "wrong secret", env: []string{"AWS_ACCESS_KEY_ID", s3test.AccessKeyID, "AWS_SECRET_ACCESS_KEY", "wrong"}, want: "the secret access key is not that of the access key"},
		{name: "unknown key", credentials: "[default]\n" + bad, want: "no such access key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := serve(t)
			server.Put(key, []byte("text"))
			vars := append([]string{
				"AWS_SHARED_CREDENTIALS_FILE", write(t, "credentials", c.credentials), "AWS_CONFIG_FILE", write(t, "config", c.config), "AWS_REGION", s3test.Region,
			}, c.env...)
			_, err := open(t, server, s3.Options{Getenv: env(vars...), Profile: c.profile}).Load(t.Context(), "")
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), s3test.SecretAccessKey) {
				t.Errorf("it tells the secret: %v", err)
			}
		})
	}
}

func TestTheServerComesFromTheProfile(t *testing.T) {
	server := serve(t)
	server.Put(key, []byte("text"))
	config := write(t, "config", "[profile team]\nendpoint_url = "+server.URL()+"\nregion = "+s3test.Region+"\naws_access_key_id="+s3test.AccessKeyID+"\naws_secret_access_key="+s3test.SecretAccessKey)
	for variable, good := range map[string]bool{"": true, "http://127.0.0.1:1": false} { // which comes first
		s, err := s3.Open("s3://"+s3test.Bucket+"/"+strings.ReplaceAll(key, " ", "%20"), s3.Options{
			Getenv: env("AWS_CONFIG_FILE", config, "AWS_PROFILE", "team", "AWS_ENDPOINT_URL_S3", variable),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), ""); (err == nil) != good {
			t.Errorf("with the variable %q: %v", variable, err)
		}
		_ = s.Close()
	}
}

// sts exchanges one token for credentials with a session's token that counts up.
func sts(t *testing.T, server *s3test.Server, life time.Duration) (url string, count *atomic.Int32) {
	count = &atomic.Int32{}
	return serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/" || r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		for name, want := range map[string]string{"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "flask-vault"} {
			if got := r.PostFormValue(name); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
		if r.PostFormValue("WebIdentityToken") != "web-token" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>bad: %s</Message></Error></ErrorResponse>`, r.PostFormValue("WebIdentityToken")) //nolint:gosec // a server may do so
			return
		}
		token := fmt.Sprintf("session-%d", count.Add(1))
		server.SetTokens(token)
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
			s3test.AccessKeyID, s3test.SecretAccessKey, token, time.Now().Add(life).UTC().Format(time.RFC3339))
	})), count
}

func TestAWebIdentityIsExchanged(t *testing.T) {
	for _, c := range []struct {
		name  string
		life  time.Duration
		loads int
		most  int32
	}{{"kept while good", time.Hour, 3, 1}, {"new ones before they end", expirySoon, 3, 3}} {
		t.Run(c.name, func(t *testing.T) {
			server := serve(t)
			server.Put(key, []byte("text"))
			at, count := sts(t, server, c.life)
			s := open(t, server, s3.Options{Getenv: env("AWS_REGION", s3test.Region, "AWS_ENDPOINT_URL_STS", at,
				"AWS_WEB_IDENTITY_TOKEN_FILE", write(t, "token", "web-token\n"), "AWS_ROLE_ARN", "arn:aws:iam::1:role/r")})
			for range c.loads {
				if _, err := s.Load(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
			}
			if count.Load() != c.most {
				t.Errorf("%d exchanges", count.Load())
			}
			if c.most > 1 {
				return
			}
			server.SetTokens("none") // the server takes the session for ended, before its time
			if _, err := s.Load(t.Context(), ""); err != nil || count.Load() != 2 {
				t.Errorf("after the session ended: %v, %d exchanges", err, count.Load())
			}
		})
	}
}

// expirySoon is less than the margin within which credentials are replaced.
const expirySoon = 3 * time.Minute

func TestAWebIdentityThatIsRefusedIsNotTold(t *testing.T) {
	server := serve(t)
	at, _ := sts(t, server, time.Hour)
	s := open(t, server, s3.Options{Getenv: env("AWS_REGION", s3test.Region, "AWS_ENDPOINT_URL_STS", at,
		"AWS_WEB_IDENTITY_TOKEN_FILE", write(t, "token", "other-token"), "AWS_ROLE_ARN", "arn:aws:iam::1:role/r")})
	_, err := s.Load(t.Context(), "")
	if err == nil || strings.Contains(err.Error(), "other-token") || !strings.Contains(err.Error(), "must trust") {
		t.Errorf("%v", err)
	}
	s = open(t, server, s3.Options{Getenv: env("AWS_REGION", s3test.Region, "AWS_ENDPOINT_URL_STS", "http://sts.example.org",
		"AWS_WEB_IDENTITY_TOKEN_FILE", write(t, "token", "web-token"), "AWS_ROLE_ARN", "arn")})
	if _, err := s.Load(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "plain http") {
		t.Errorf("a token over plain http: %v", err)
	}
}

func TestOwnCredentials(t *testing.T) {
	server := serve(t)
	server.SetTokens("my-session")
	o := s3.Options{Getenv: env("AWS_REGION", s3test.Region)}
	o.Credentials = func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey, SessionToken: "my-session"}, nil
	}
	s := open(t, server, o)
	if _, err := s.Load(t.Context(), ""); !errors.Is(err, backend.ErrNoVault) {
		t.Error(err)
	}
	server.SetFault(func(*http.Request) s3test.Fault { return s3test.EchoCredentials })
	if _, err := s.Load(t.Context(), ""); err == nil || strings.Contains(err.Error(), "my-session") {
		t.Errorf("a token that the server sends back: %v", err)
	}
	o.Credentials = func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, nil }
	if _, err := open(t, server, o).Load(t.Context(), ""); !errors.Is(err, aws.ErrNoCredentials) {
		t.Error(err)
	}
}
