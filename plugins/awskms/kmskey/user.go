package kmskey

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/plugins"
)

// Environment names the variables that the source needs.
func Environment() []string {
	return []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE",
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "HOME", "USERPROFILE",
	}
}

const maxCredentials = 256 << 10

// userCredentials are those of the variables, or else of the profile.
func userCredentials() (credentials, error) {
	c := credentials{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")}
	profile := cmp.Or(os.Getenv("AWS_PROFILE"), "default")
	if c.id == "" || c.secret == "" {
		home := os.Getenv("HOME")
		if runtime.GOOS == "windows" {
			home = os.Getenv("USERPROFILE")
		}
		path := cmp.Or(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials"))
		if text, err := durable.ReadFile(path, maxCredentials); err == nil {
			c = section(string(text), profile)
			clear(text)
		}
	}
	switch {
	case c.id == "" || c.secret == "":
		return c, plugins.Errorf(plugins.Denied, "there are no credentials: neither in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor of the profile %.60q in the credentials file; eval \"$(aws configure export-credentials --format env)\" gives them", profile)
	case strings.ContainsFunc(c.id+c.session, func(r rune) bool { return r <= ' ' || r > '~' }):
		return c, plugins.Errorf(plugins.Denied, "the credentials have characters that none have")
	}
	return c, nil
}

// section reads one section of a credentials file.
func section(text, name string) credentials {
	var c credentials
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inside = strings.TrimSpace(strings.Trim(line, "[]")) == name
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		field := map[string]*string{"aws_access_key_id": &c.id, "aws_secret_access_key": &c.secret, "aws_session_token": &c.session}[strings.TrimSpace(key)]
		if inside && field != nil {
			*field = strings.TrimSpace(value)
		}
	}
	return c
}
