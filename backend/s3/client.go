package s3

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// newClient makes the client that all requests of a store go through, and what
// closes its idle connections.
func newClient(o Options) (client *http.Client, closing func()) {
	client = &http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if o.Transport != nil {
		return client, func() {} // the caller's
	}
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: probeWriters,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
	}
	client.Transport = t
	if file := o.Getenv("AWS_CA_BUNDLE"); file != "" {
		pool, err := bundle(file)
		if err != nil {
			client.Transport = failing{err}
			return client, func() {}
		}
		t.TLSClientConfig.RootCAs = pool
	}
	return client, t.CloseIdleConnections
}

// maxBundle is the most bytes of certificates that are read.
const maxBundle = 1 << 20

func bundle(file string) (*x509.CertPool, error) {
	text, err := durable.ReadFile(file, maxBundle)
	if err != nil {
		return nil, errors.New("the file that AWS_CA_BUNDLE names cannot be read")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("the file that AWS_CA_BUNDLE names holds no certificate")
	}
	return pool, nil
}

// failing sends nothing.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }
