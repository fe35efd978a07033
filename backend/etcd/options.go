package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// Options say how to reach a cluster. The zero value suits one that has a
// certificate of a public authority and no users.
type Options struct {
	// CAFile has the certificates, in PEM, that the servers' are signed with. If
	// it is empty, the system's authorities count. It is read by Open.
	CAFile string

	// CertFile and KeyFile are the certificate and the key, in PEM, by which this
	// client shows who it is, or both empty. They are read by Open, and again for
	// each new connection, so they may be renewed while the program runs.
	CertFile, KeyFile string

	// User is the etcd user, if the cluster has any. It comes before one in the URL.
	User string

	// Password gives the user's password. It is called when etcd asks for a login:
	// first, and when the login has expired.
	Password func(ctx context.Context) (string, error)

	// Timeout is how long one Load or Save takes at most, if the context allows it.
	// 15 seconds if 0.
	Timeout time.Duration

	// Ping is how long a connection may be silent before the server is asked whether it
	// still lives, and then how long it has to answer. 2 seconds if 0. With very many
	// watchers, a longer time spares the servers work.
	Ping time.Duration
}

const (
	defaultTimeout = 15 * time.Second
	defaultPing    = 2 * time.Second
	maxPEM         = 1 << 20 // bytes of a file
)

// tlsConfig reads the files once, so that what is wrong with them is told at once.
func (o Options) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := readPEM(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("the file with etcd's authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the file with etcd's authority, %s, holds no certificate in PEM", o.CAFile)
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("a client certificate for etcd needs its key, and a key its certificate: one of the two files is not given")
	}
	if o.CertFile == "" {
		return config, nil
	}
	load := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		cert, err := o.readCertificate()
		if err != nil {
			return nil, fmt.Errorf("the client certificate for etcd: %w", err)
		}
		return &cert, nil
	}
	if _, err := load(nil); err != nil {
		return nil, err
	}
	config.GetClientCertificate = load
	return config, nil
}

func (o Options) readCertificate() (tls.Certificate, error) {
	cert, err := readPEM(o.CertFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := readPEM(o.KeyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

func readPEM(path string) ([]byte, error) {
	text, err := durable.ReadFile(path, maxPEM)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, durable.WithoutPath(err))
	}
	return text, nil
}
