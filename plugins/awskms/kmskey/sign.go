package kmskey

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	longTime  = "20060102T150405Z"
)

// credentials are what a request is signed with.
type credentials struct{ id, secret, session string }

// sign puts the headers of Signature Version 4 beside those that are there, all of
// which it signs, for a request without a query.
func (c credentials) sign(method string, u *url.URL, header http.Header, body []byte, region, service string, now time.Time) {
	header.Set("X-Amz-Date", now.UTC().Format(longTime))
	if c.session != "" {
		header.Set("X-Amz-Security-Token", c.session)
	}
	values := map[string]string{"host": u.Host}
	for name := range header {
		values[strings.ToLower(name)] = strings.TrimSpace(header.Get(name))
	}
	names := slices.Sorted(maps.Keys(values))
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	lines := []string{method, path, ""}
	for _, n := range names {
		lines = append(lines, n+":"+values[n])
	}
	signed := strings.Join(names, ";")
	lines = append(lines, "", signed, hexHash(body))
	scope := strings.Join([]string{now.UTC().Format("20060102"), region, service, "aws4_request"}, "/")
	text := strings.Join([]string{algorithm, header.Get("X-Amz-Date"), scope, hexHash([]byte(strings.Join(lines, "\n")))}, "\n")
	key := []byte("AWS4" + c.secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	header.Set("Authorization", algorithm+" Credential="+c.id+"/"+scope+", SignedHeaders="+signed+", Signature="+hex.EncodeToString(mac(key, text)))
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func hexHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
