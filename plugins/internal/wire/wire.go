// Package wire holds what the two ends of a go-plugin connection must agree on.
package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

const (
	// CookieKey is the variable that tells a plugin that a host of ours started it.
	CookieKey = "FLASK_VAULT_PLUGIN"
	// CookieValue is its value. It is no secret.
	CookieValue = "keysource-6d1f0c1b7a"

	// CoreVersion is go-plugin's own version.
	CoreVersion = 1

	// MaxMessage is the most bytes of a gRPC message in either direction.
	MaxMessage = 64 << 10

	// ServerName is the name in both certificates.
	ServerName = "localhost"

	certLifetime = 24 * time.Hour // of one call, and of clocks that differ
)

// The variables of go-plugin's handshake.
const (
	EnvVersions   = "PLUGIN_PROTOCOL_VERSIONS" // numbers the host speaks, with commas
	EnvClientCert = "PLUGIN_CLIENT_CERT"       // the host's certificate, PEM
	EnvSocketDir  = "PLUGIN_UNIX_SOCKET_DIR"   // where the plugin puts its socket
)

// NewCertificate makes a key on P-256 and a self-signed certificate of it, as
// each end of a connection does. The pair is used once.
func NewCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: ServerName},
		DNSNames:              []string{ServerName},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(certLifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// PEM is the certificate in the form of [EnvClientCert].
func PEM(c tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}
