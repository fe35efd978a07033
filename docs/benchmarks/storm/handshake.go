package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"time"
)

// handshake measures how long one core takes for the server's part and the client's
// part of a mutual TLS handshake, and returns the half: both do about as much. It is
// the best of many, since other programs disturb the rest.
func handshake() (time.Duration, error) {
	ca, caKey, err := certificate(nil, nil)
	if err != nil {
		return 0, err
	}
	leaf, key, err := certificate(ca, caKey)
	if err != nil {
		return 0, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	pair := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}
	server := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13}
	client := &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool, ServerName: "server", MinVersion: tls.VersionTLS13}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	best := time.Hour
	for range 500 {
		begin := time.Now()
		done := make(chan error, 1)
		go func() {
			conn, err := listener.Accept()
			if err == nil {
				err = tls.Server(conn, server).Handshake() // the two sides take turns
				defer conn.Close()
			}
			done <- err
		}()
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			err = tls.Client(conn, client).Handshake()
			defer conn.Close()
		}
		if err = errors.Join(err, <-done); err != nil {
			return 0, err
		}
		best = min(best, time.Since(begin))
	}
	return best / 2, nil
}

// certificate makes a key and a certificate that the CA signs, or, without one,
// a CA.
func certificate(ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "storm"}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"server"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ca == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
		ca, caKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}
