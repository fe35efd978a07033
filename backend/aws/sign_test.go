package aws_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend/aws"
)

// TestDocumentedExamples signs the four examples of "Signature Calculations for
// the Authorization Header: Transferring Payload in a Single Chunk" in the API
// reference of Amazon S3, which states their signatures:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func TestDocumentedExamples(t *testing.T) {
	key := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	for _, v := range []struct {
		method, path, query, payload string
		headers                      map[string]string
		signature                    string
	}{
		{"GET", "/test.txt", "", "", map[string]string{"Range": "bytes=0-9"},
			"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		{"PUT", "/test$file.text", "", "Welcome to Amazon S3.", map[string]string{"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY"},
			"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
		{"GET", "/", "lifecycle", "", nil,
			"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
		{"GET", "/", "max-keys=2&prefix=J", "", nil,
			"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	} {
		req := &http.Request{Method: v.method, Header: http.Header{}, URL: &url.URL{
			Scheme: "https", Host: "examplebucket.s3.amazonaws.com", Path: v.path, RawQuery: v.query,
		}}
		for name, value := range v.headers {
			req.Header.Set(name, value)
		}
		aws.Sign(req, aws.HashOf([]byte(v.payload)), key, aws.Scope{Region: "us-east-1", Service: "s3"},
			time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC))
		if got := req.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+v.signature) {
			t.Errorf("%s %s?%s: %s", v.method, v.path, v.query, got)
		}
	}
}

// TestPublishedVectors signs requests of the Signature Version 4 test suite of AWS,
// as it is in https://github.com/awslabs/aws-c-auth, tests/aws-signing-test-suite/v4
// (Apache License 2.0). The names are its own.
func TestPublishedVectors(t *testing.T) {
	for _, v := range []struct {
		name, path, query, token, signature string
	}{
		{"get-vanilla-with-session-token", "/", "", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
			"07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
		{"get-unreserved", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "",
			"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{"get-space-unnormalized", "/example space/", "", "",
			"652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
		{"get-utf8", "/\u1234", "", "",
			"8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
		{"get-vanilla-query-order-encoded", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "",
			"371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
	} {
		req := &http.Request{Method: "GET", Header: http.Header{}, URL: &url.URL{
			Scheme: "https", Host: "example.amazonaws.com", Path: v.path, RawQuery: v.query,
		}}
		key := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: v.token}
		aws.Sign(req, aws.HashOf(nil), key, aws.Scope{Region: "us-east-1", Service: "service"},
			time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
		want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date"
		if v.token != "" {
			want += ";x-amz-security-token"
		}
		want += ", Signature=" + v.signature
		if got := req.Header.Get("Authorization"); got != want {
			t.Errorf("%s:\n%s, not\n%s", v.name, got, want)
		}
	}
}

func TestWhatIsChangedOnTheWayIsSeen(t *testing.T) {
	key, scope, now := aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "token"}, aws.Scope{Region: "r", Service: "s3"}, time.Now()
	secretOf := func(id string) string { return map[string]string{"id": "secret"}[id] }
	payload := []byte("payload")
	for _, change := range []struct {
		name string
		make func(*http.Request)
		good bool
	}{
		{"nothing", func(*http.Request) {}, true},
		{"a header that means nothing", func(r *http.Request) { r.Header.Set("User-Agent", "x") }, true},
		{"the condition", func(r *http.Request) { r.Header.Set("If-Match", `"other"`) }, false},
		{"no condition", func(r *http.Request) { r.Header.Del("If-Match") }, false},
		{"one condition more", func(r *http.Request) { r.Header.Set("If-None-Match", "*") }, false},
		{"the path", func(r *http.Request) { r.URL.Path += "x" }, false},
		{"the method", func(r *http.Request) { r.Method = "DELETE" }, false},
		{"the query", func(r *http.Request) { r.URL.RawQuery = "acl" }, false},
		{"the host", func(r *http.Request) { r.Host = "other.example" }, false},
		{"the token", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "x") }, false},
		{"the hash", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "x") }, false},
		{"another key", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "=id/", "=di/", 1))
		}, false},
		{"another region", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/r/", "/q/", 1))
		}, false},
		{"no signature", func(r *http.Request) { r.Header.Del("Authorization") }, false},
		{"no date", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, false},
		{"an old date", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20150830T123600Z") }, false},
	} {
		req := &http.Request{Method: "PUT", Host: "bucket.example", Header: http.Header{"If-Match": {`"etag"`}}, URL: &url.URL{Path: "/a b/c"}}
		aws.Sign(req, aws.HashOf(payload), key, scope, now)
		change.make(req)
		if err := aws.Verify(req, payload, secretOf, scope, now); (err == nil) != change.good {
			t.Errorf("%s is changed: %v", change.name, err)
		}
	}
}
