package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// webIdentity exchanges the token in a file for credentials of a role. It goes to
// STS alone, never to the server that has the bucket.
func (p *provider) webIdentity(ctx context.Context, file, role, session string) (Credentials, error) {
	text, err := readBounded(file)
	if err != nil {
		return Credentials{}, fmt.Errorf("%w: the web identity token in %s cannot be read: %v", ErrNoCredentials, file, err) //nolint:errorlint // no system error of a file is to pass for one of the network
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return Credentials{}, fmt.Errorf("%w: the web identity token in %s is empty", ErrNoCredentials, file)
	}
	if session == "" {
		session = "flask-vault"
	}
	at, err := p.sts()
	if err != nil {
		return Credentials{}, err
	}
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleArn": {role}, "RoleSessionName": {session}, "WebIdentityToken": {token},
	}
	ctx, cancel := context.WithTimeout(ctx, p.store.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return Credentials{}, fmt.Errorf("%w: the URL of STS cannot be used", ErrNoCredentials)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/xml")
	resp, err := p.store.client.Do(req)
	if err != nil {
		return Credentials{}, fmt.Errorf("the web identity cannot be exchanged for credentials: %w", p.store.reason(ctx, &server{base: at}, err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxError))
	if err != nil {
		return Credentials{}, fmt.Errorf("the web identity cannot be exchanged for credentials: %w", p.store.reason(ctx, &server{base: at}, err))
	}
	if resp.StatusCode != http.StatusOK {
		e := serverError(&answer{status: resp.StatusCode, header: resp.Header, body: body}, token)
		e.Hint = "the role must trust the token's issuer and subject, and the token must not be old"
		return Credentials{}, fmt.Errorf("%s does not exchange the web identity for credentials of the role %s: %w", at.Host, line(role), e)
	}
	c, err := parseAssumed(body)
	if err != nil {
		return Credentials{}, fmt.Errorf("%s: %w", at.Host, err)
	}
	return usable(c, "STS")
}

// sts is where tokens are exchanged: the region's endpoint.
func (p *provider) sts() (*url.URL, error) {
	if raw := p.store.o.Getenv("AWS_ENDPOINT_URL_STS"); raw != "" {
		u, err := endpoint(raw, false) // the token is a secret
		if err != nil {
			return nil, fmt.Errorf("AWS_ENDPOINT_URL_STS: %w", err)
		}
		u.Path = "/"
		return u, nil
	}
	srv, err := p.store.settle()
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: "https", Host: "sts." + srv.region + "." + domain(srv.region), Path: "/"}, nil
}

// parseAssumed takes credentials from the answer of STS. Its errors quote nothing.
func parseAssumed(body []byte) (Credentials, error) {
	var doc struct {
		XMLName xml.Name `xml:"AssumeRoleWithWebIdentityResponse"`
		Result  struct {
			Credentials struct {
				AccessKeyID                               string `xml:"AccessKeyId"`
				SecretAccessKey, SessionToken, Expiration string
			}
		} `xml:"AssumeRoleWithWebIdentityResult"`
	}
	if xml.Unmarshal(body, &doc) != nil {
		return Credentials{}, errors.New("its answer is not that of AssumeRoleWithWebIdentity")
	}
	got := doc.Result.Credentials
	expires, err := time.Parse(time.RFC3339, got.Expiration)
	if got.AccessKeyID == "" || got.SecretAccessKey == "" || got.SessionToken == "" || err != nil {
		return Credentials{}, errors.New("its answer lacks a part of the credentials")
	}
	return Credentials{AccessKeyID: got.AccessKeyID, SecretAccessKey: got.SecretAccessKey, SessionToken: got.SessionToken, Expires: expires}, nil
}
