//go:build unix

package network_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/backend/network"
)

// TestNoFileIsWaitedFor has a named pipe that nobody writes to where each file of the
// settings is expected: it is refused at once.
func TestNoFileIsWaitedFor(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", pipe)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	for name, l := range map[string]location.Location{
		"etcd's authority":      {URL: "etcd://127.0.0.1:1/x", CA: pipe},
		"etcd's certificate":    {URL: "etcd://127.0.0.1:1/x", Cert: pipe, Key: pipe},
		"a web server's":        {URL: "https://127.0.0.1:1/x", CA: pipe},
		"the bundle of S3":      {URL: "s3://bucket/x", Region: "eu-central-1", Endpoint: "https://127.0.0.1:1"},
		"the file with a token": {URL: "https://127.0.0.1:1/y"},
	} {
		t.Run(name, func(t *testing.T) {
			if l.URL == "https://127.0.0.1:1/y" {
				t.Setenv("FLASK_VAULT_HTTPS_TOKEN_FILE", pipe)
				t.Setenv("FLASK_VAULT_HTTPS_TOKEN_HOST", "127.0.0.1:1")
			}
			store, err := network.Open(l)
			if err == nil {
				_, err = store.Load(t.Context(), "")
			}
			var input *durable.InputError
			if l.Cert+l.CA != "" && !errors.As(err, &input) || err == nil || errors.Is(err, backend.ErrUnreachable) {
				t.Errorf("%v", err)
			}
		})
	}
}
