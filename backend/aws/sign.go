package aws

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Scope is what a signature is good for.
type Scope struct {
	Region  string // "eu-central-1"
	Service string // "s3"
}

const (
	algorithm = "AWS4-HMAC-SHA256"
	stamp     = "20060102T150405Z"

	dateHeader  = "X-Amz-Date"
	hashHeader  = "X-Amz-Content-Sha256"
	tokenHeader = "X-Amz-Security-Token" //nolint:gosec // the name of it
)

// HashOf is the payload's SHA-256 as a signature has it.
func HashOf(payload []byte) string {
	sum := sha256.Sum256(payload)
	return hex.EncodeToString(sum[:])
}

// unsigned are headers that proxies change, and that change nothing.
var unsigned = map[string]bool{"Authorization": true, "User-Agent": true, "Accept-Encoding": true}

// Sign sets the headers of a request that carry its signature: Signature Version 4, in
// the Authorization header, with the payload signed as a whole. All headers that are set
// already are signed with it, but for a few that proxies change. The path goes out as it is
// signed, whatever characters it has.
func Sign(req *http.Request, payloadHash string, c Credentials, scope Scope, now time.Time) {
	req.Header.Set(dateHeader, now.UTC().Format(stamp))
	if scope.Service == "s3" {
		req.Header.Set(hashHeader, payloadHash)
	}
	if c.SessionToken != "" {
		req.Header.Set(tokenHeader, c.SessionToken)
	}
	req.URL.RawPath = Escape(req.URL.Path, true)
	names := []string{"host"}
	for name := range req.Header {
		if !unsigned[name] {
			names = append(names, strings.ToLower(name))
		}
	}
	slices.Sort(names)
	credential, signature := sign(req, payloadHash, names, c.SecretAccessKey, scope, now)
	req.Header.Set("Authorization", algorithm+" Credential="+c.AccessKeyID+"/"+credential+
		", SignedHeaders="+strings.Join(names, ";")+", Signature="+signature)
}

// sign returns the credential's scope and the signature of the named headers.
func sign(req *http.Request, payloadHash string, names []string, secret string, scope Scope, now time.Time) (credential, signature string) {
	at := now.UTC().Format(stamp)
	day := at[:len("20060102")]
	credential = day + "/" + scope.Region + "/" + scope.Service + "/aws4_request"
	toSign := algorithm + "\n" + at + "\n" + credential + "\n" + HashOf([]byte(canonical(req, payloadHash, names)))
	k := mac([]byte("AWS4"+secret), day)
	for _, part := range []string{scope.Region, scope.Service, "aws4_request"} {
		k = mac(k, part)
	}
	return credential, hex.EncodeToString(mac(k, toSign))
}

// canonical is the one form of a request that both sides sign.
func canonical(req *http.Request, payloadHash string, names []string) string {
	path := Escape(req.URL.Path, true)
	if path == "" {
		path = "/"
	}
	var b strings.Builder
	b.WriteString(req.Method + "\n" + path + "\n" + query(req.URL.RawQuery) + "\n")
	for _, name := range names {
		values := req.Header.Values(name)
		if name == "host" {
			values = []string{req.Host}
			if req.Host == "" {
				values = []string{req.URL.Host}
			}
		}
		b.WriteString(name + ":")
		for i, v := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.Join(strings.Fields(v), " "))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n" + strings.Join(names, ";") + "\n" + payloadHash)
	return b.String()
}

// query sorts the parameters by their names and values in escaped form.
func query(raw string) string {
	if raw == "" {
		return ""
	}
	type pair struct{ name, value string }
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, pair{Escape(unescape(name), false), Escape(unescape(value), false)})
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String()
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// Escape replaces all bytes but letters, digits and -._~ by %XX; of a path, the
// slash stays too.
func Escape(s string, path bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0, path && c == '/':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
