package aws

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

// maxAnswer is how much of the answer of STS is read.
const maxAnswer = 64 << 10

// webIdentity exchanges the token in a file for credentials of a role. It goes to
// STS alone, never to the server that is to be asked in the end.
func (f *Finder) webIdentity(ctx context.Context, file, role, session string) (Credentials, error) {
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
	at, err := f.sts()
	if err != nil {
		return Credentials{}, err
	}
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleArn": {role}, "RoleSessionName": {session}, "WebIdentityToken": {token},
	}
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return Credentials{}, fmt.Errorf("%w: the URL of STS cannot be used", ErrNoCredentials)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/xml")
	resp, err := f.Do(req)
	if err != nil {
		return Credentials{}, fmt.Errorf("the web identity cannot be exchanged for credentials: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Credentials{}, fmt.Errorf("the web identity cannot be exchanged for credentials: the answer of %s broke off: %w", at.Host, err)
	}
	if resp.StatusCode != http.StatusOK {
		return Credentials{}, &refusedError{at.Host, line(role), resp.StatusCode, ParseFault(body, token)}
	}
	c, err := parseAssumed(body)
	if err != nil {
		return Credentials{}, fmt.Errorf("%s: %w", at.Host, err)
	}
	return usable(c, "STS")
}

// sts is where tokens are exchanged: the region's endpoint.
func (f *Finder) sts() (*url.URL, error) {
	if raw := f.Getenv("AWS_ENDPOINT_URL_STS"); raw != "" {
		u, err := Endpoint(raw, false) // the token is a secret
		if err != nil {
			return nil, fmt.Errorf("AWS_ENDPOINT_URL_STS: %w", err)
		}
		u.Path = "/"
		return u, nil
	}
	region, err := f.Region()
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: "https", Host: "sts." + region + "." + Domain(region), Path: "/"}, nil
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
