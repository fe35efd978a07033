// Package service makes the one kind of request that plugins for key services
// make: a small POST over TLS, with a small JSON answer.
package service

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/plugins"
)

const (
	maxReply = 64 << 10
	maxCA    = 1 << 20
	patience = 20 * time.Second // less than a plugin has to answer
)

// Address checks the address of a service, which comes from the variable of that
// name: https, or http to this very machine.
func Address(variable, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, plugins.Errorf(plugins.BadSettings, "%s is not an address such as https://vault.example.com:8200", variable)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, plugins.Errorf(plugins.BadSettings, "%s has to begin with https:// (http:// is for 127.0.0.1, ::1 and localhost alone)", variable)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Client makes a client that trusts the certificates in the file ca, or those of
// the system if it is "". It follows no redirection, which could lead a token to
// another host, and uses no proxy.
func Client(ca string) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		if err := CheckPath("the file of certificates", ca); err != nil {
			return nil, err
		}
		text, err := durable.ReadFile(ca, maxCA)
		config.RootCAs = x509.NewCertPool()
		if err != nil || !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, plugins.Errorf(plugins.BadSettings, "%s is not a readable file of certificates", ca)
		}
	}
	return &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{TLSClientConfig: config, IdleConnTimeout: 5 * time.Second, ForceAttemptHTTP2: true},
	}, nil
}

// Post sends body and decodes the answer into reply, if the status is 200. It
// returns the status; an error is one of the network or of an answer that is none.
// Of an answer with another status nothing is passed on but what keep takes.
func Post(ctx context.Context, c *http.Client, u *url.URL, header http.Header, body []byte, reply any, keep func(status int, body []byte)) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the request cannot be made")
	}
	r.Header = header
	res, err := c.Do(r)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return 0, plugins.Errorf(plugins.Unavailable, "%s cannot be reached: %w", u.Host, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	defer clear(text)
	switch {
	case err != nil:
		return 0, plugins.Errorf(plugins.Unavailable, "the answer of %s broke off", u.Host)
	case len(text) > maxReply:
		return 0, fmt.Errorf("the answer of %s has more than %d bytes", u.Host, maxReply)
	case res.StatusCode != http.StatusOK:
		if keep != nil {
			keep(res.StatusCode, text)
		}
		return res.StatusCode, nil
	}
	if err := json.Unmarshal(text, reply); err != nil {
		return 0, fmt.Errorf("the answer of %s is not the JSON that was expected", u.Host) // its error could quote
	}
	return res.StatusCode, nil
}

// CheckPath refuses a path that its user means from where they are: a plugin runs in
// another directory. what is whose path it is.
func CheckPath(what, path string) error {
	if !filepath.IsAbs(path) {
		return plugins.Errorf(plugins.BadSettings, "%s has to be named with an absolute path, not %s: a plugin runs in another directory", what, path)
	}
	return nil
}

// CheckWord returns an error unless a setting is made of letters, digits and any
// of the characters in also.
func CheckWord(setting, value, also string) error {
	if value == "" {
		return plugins.Errorf(plugins.BadSettings, "the setting %s is missing", setting)
	}
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	if len(value) > 256 || strings.Trim(value, plain+also) != "" || strings.Contains(value, "..") {
		return plugins.Errorf(plugins.BadSettings, "the setting %s is not made of letters, digits and any of %s", setting, also)
	}
	return nil
}
