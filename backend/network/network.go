// Package network makes the store of a URL: etcd://, s3:// or https://.
//
// It links net/http and all of these stores. A program that knows which it needs imports
// backend/etcd, backend/s3 or backend/https alone. With backend/config:
//
//	v, err := config.Open(ctx, config.Overrides{Stores: network.Open})
//
// That trusts the flask-vault.yaml that is found: it decides where the credentials of
// the environment are sent to. The command flask-vault asks its user once instead.
package network

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/backend/etcd"
	"github.com/flask-vault/flask-vault/backend/https"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/backend/s3"
)

// Open makes the store of a location. Nothing is dialled yet.
func Open(l location.Location) (backend.Store, error) {
	if err := location.CheckURL(l.URL); err != nil {
		return nil, err
	}
	switch scheme := location.Scheme(l.URL); scheme {
	case "etcd", "etcd+http":
		if err := only(l, "ca", "cert", "key", "user", "password_env", "password_file"); err != nil {
			return nil, err
		}
		o := etcd.Options{CAFile: l.CA, CertFile: l.Cert, KeyFile: l.Key, User: l.User, Timeout: l.Timeout}
		if l.HasPassword() {
			o.Password = func(context.Context) (string, error) { return l.Password() }
		}
		store, err := etcd.Open(l.URL, o)
		if err != nil {
			return nil, err
		}
		return etcdStore{store}, nil
	case "s3":
		if err := only(l, "region", "endpoint", "profile"); err != nil {
			return nil, err
		}
		store, err := s3.Open(l.URL, s3.Options{Region: l.Region, Endpoint: l.Endpoint, Profile: l.Profile, Poll: l.Poll, Timeout: l.Timeout})
		if err != nil {
			return nil, err
		}
		return s3Store{store}, nil
	case "https", "http":
		if err := only(l, "ca", "password_env", "password_file"); err != nil {
			return nil, err
		}
		return openHTTPS(l)
	default:
		return nil, fmt.Errorf("this program was built without stores for %s://", scheme)
	}
}

// openHTTPS reads a document from a web server. The password is its bearer token.
func openHTTPS(l location.Location) (backend.Store, error) {
	o := https.Options{Poll: l.Poll, Timeout: l.Timeout}
	if l.HasPassword() {
		o.Token = func(context.Context) (string, error) { return l.Password() }
		switch {
		case l.PasswordEnv != "":
			o.TokenFrom = "the variable " + l.PasswordEnv + ", which store.password_env names"
		case l.PasswordFile != "":
			o.TokenFrom = "the file " + l.PasswordFile + ", which store.password_file names"
		}
	}
	if l.CA != "" {
		text, err := durable.ReadFile(l.CA, location.MaxCA)
		if err != nil {
			return nil, fmt.Errorf("store.ca: %s: %w", l.CA, durable.WithoutPath(err))
		}
		o.Roots = x509.NewCertPool()
		if !o.Roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("store.ca: %s has no certificate in PEM", l.CA)
		}
	}
	store, err := https.Open(l.URL, o)
	if err != nil {
		return nil, err
	}
	return httpsStore{store}, nil
}

// only refuses settings that a store would ignore.
func only(l location.Location, known ...string) error {
	for _, s := range l.Settings() {
		if !slices.Contains(known, s.Name) {
			return fmt.Errorf("store.%s is not for %s:// (known are: %v)", s.Name, location.Scheme(l.URL), known)
		}
	}
	return nil
}
