package kmskey

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/aws"
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/internal/service"
)

// Environment names the variables that the source needs.
func Environment() []string {
	return []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "HOME", "USERPROFILE",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_ENDPOINT_URL_STS",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", // only to say that they are not supported
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE",
	}
}

// patience is for STS alone; with KMS after it, it is less than a plugin has to answer.
const patience = 8 * time.Second

func askSTS(req *http.Request) (*http.Response, error) {
	client, err := service.Client(os.Getenv("AWS_CA_BUNDLE"))
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req) //nolint:gosec // to STS, which the region or the user names; Finder checks the URL
	var ue *url.Error
	if errors.As(err, &ue) {
		err = plugins.Errorf(plugins.Unavailable, "%s cannot be reached: %w", req.URL.Host, ue.Err)
	}
	return res, err
}

// credentials are the user's. They are looked for each time: a plugin does not run for long.
func (s source) credentials(ctx context.Context) (aws.Credentials, error) {
	f := &aws.Finder{
		Getenv: os.Getenv, Region: func() (string, error) { return s.region, nil }, Do: askSTS, Timeout: patience,
	}
	c, err := f.Get(ctx)
	if errors.Is(err, backend.ErrNoCredentials) {
		for _, variable := range []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"} {
			path := os.Getenv(variable)
			if path == "" {
				continue
			}
			if err := service.CheckPath("the file of "+variable, path); err != nil {
				return c, err
			}
		}
	}
	switch {
	case errors.Is(err, backend.ErrNoCredentials), errors.Is(err, fs.ErrPermission):
		err = plugins.Errorf(plugins.Denied, "%w", err)
	case errors.Is(err, backend.ErrUnreachable):
		err = plugins.Errorf(plugins.Unavailable, "%w", err)
	}
	return c, err
}
