package etcd

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

const (
	scheme      = "etcd://"
	plainScheme = "etcd+http://"
	defaultPort = "2379"
)

// place is what a URL says.
type place struct {
	endpoints []string // "https://node1:2379"
	key       string   // "/shop/production"
	user      string
	plain     bool // no TLS
	name      string
}

// parse reads etcd://[USER@]HOST[:PORT][,HOST[:PORT]...]/KEY. net/url takes no more than one host.
func parse(raw string) (place, error) {
	var p place
	rest, ok := strings.CutPrefix(raw, scheme)
	if !ok {
		if rest, p.plain = strings.CutPrefix(raw, plainScheme); !p.plain {
			return p, errors.New("an etcd URL begins with etcd://")
		}
	}
	if strings.ContainsAny(rest, "?#") {
		return p, errors.New("an etcd URL has no ? or #; in a key they are written %3F and %23")
	}
	authority, path, ok := strings.Cut(rest, "/")
	if !ok || path == "" {
		return p, errors.New("the etcd URL names no key: etcd://HOST:2379/KEY")
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		if strings.Contains(authority[:at], ":") {
			return p, errors.New("an etcd URL holds no password, since it ends up in files and messages: give the user alone, and the password as an option")
		}
		user, err := url.PathUnescape(authority[:at])
		if err != nil || user == "" {
			return p, errors.New("the user in the etcd URL is not written as one: special characters are %XX")
		}
		p.user, authority = user, authority[at+1:]
	}
	for host := range strings.SplitSeq(authority, ",") {
		endpoint, err := endpoint(host, p.plain)
		if err != nil {
			return p, err
		}
		p.endpoints = append(p.endpoints, endpoint)
	}
	key, err := url.PathUnescape("/" + path)
	if err != nil {
		return p, errors.New("the key in the etcd URL has a % that is not followed by two hexadecimal digits")
	}
	if strings.HasSuffix(key, "/") || strings.ContainsFunc(key, unicode.IsControl) || len(key) > maxKey {
		return p, fmt.Errorf("the key in the etcd URL is not one of a document: at most %d bytes, no / at the end, no control characters", maxKey)
	}
	p.key = key
	p.name = p.call(authority, path)
	return p, nil
}

// maxKey is the most bytes of a key.
const maxKey = 512

// call is how messages call the document: the URL without the user, and not too long.
func (p place) call(authority, path string) string {
	scheme := scheme
	if p.plain {
		scheme = plainScheme
	}
	if n := len(p.endpoints); n > 1 && len(authority) > 80 {
		authority, _, _ = strings.Cut(authority, ",")
		authority += ",..."
	}
	name := scheme + authority + "/" + path
	if len(name) > 200 {
		name = name[:97] + "..." + name[len(name)-97:]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, name)
}

func endpoint(hostport string, plain bool) (string, error) {
	bad := fmt.Errorf("the etcd URL has a server that is not HOST or HOST:PORT: %q", hostport)
	host, port := hostport, defaultPort
	if strings.HasSuffix(hostport, "]") {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	} else if strings.Contains(hostport, ":") {
		var err error
		if host, port, err = net.SplitHostPort(hostport); err != nil {
			return "", bad
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", bad
	}
	if strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", bad
	}
	if host == "" || strings.ContainsFunc(host, func(r rune) bool {
		return r > unicode.MaxASCII || r != ':' && r != '.' && r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		return "", bad
	}
	if !plain {
		return "https://" + net.JoinHostPort(host, port), nil
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", errors.New("etcd+http:// is without TLS, for tests on this machine alone (localhost, 127.0.0.1): write etcd://")
	}
	return "http://" + net.JoinHostPort(host, port), nil
}
