package aws

import (
	"errors"
	"net/url"
	"strings"

	"github.com/flask-vault/flask-vault/backend/internal/httpclient"
)

// Endpoint checks the URL of a server: https, or plain http to this very computer, or to
// others with allowHTTP.
func Endpoint(raw string, allowHTTP bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the endpoint is not of the form https://HOST or https://HOST:PORT")
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme != "http":
		return nil, errors.New("the endpoint is neither https:// nor http://")
	case !allowHTTP && !httpclient.Loopback(u.Hostname()):
		return nil, errors.New("the endpoint is plain http on another computer: use https, or add allow_http=true if nobody can listen in between")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// Domain is that of a region's partition: "amazonaws.com", or China's.
func Domain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
