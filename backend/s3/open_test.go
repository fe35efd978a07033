package s3_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend/s3"
)

func TestURLs(t *testing.T) {
	for url, want := range map[string]string{ // "": good
		"s3://bucket/key": "",
		"s3://bucket/a/b.enc?region=eu-central-1&style=path&profile=x&conditional=true&poll=5s": "",
		"s3://bucket/key?endpoint=https://s3.example.org:9000":                                  "",
		"s3://bucket/key?endpoint=http://127.0.0.1:9000":                                        "",
		"s3://bucket/key?endpoint=http://localhost:9000/":                                       "",
		"s3://bucket/key?endpoint=http://minio:9000&allow_http=true":                            "",
		"s3://bucket/key?endpoint=http://minio:9000":                                            "plain http",
		"s3://bucket/key?endpoint=ftp://host":                                                   "neither",
		"s3://bucket/key?endpoint=https://u:hunter2@host":                                       "https://HOST",
		"s3://bucket/key?endpoint=https://host/path":                                            "https://HOST",
		"s3://bucket/key?regoin=x":                                                              `"regoin" is not one of its parameters`,
		"s3://bucket/key?region=x&region=y":                                                     "parameter region",
		"s3://bucket/key?poll=1":                                                                "parameter poll",
		"s3://bucket/key?poll=1ms":                                                              "parameter poll",
		"s3://bucket/key?conditional=yes":                                                       "parameter conditional",
		"s3://bucket/key?style=x":                                                               "parameter style",
		"s3://AKID:hunter2@bucket/key":                                                          "holds credentials",
		"s3://AKID:hunter2@bucket%/key":                                                         "not a URL",
		"s3://bucket":                                                                           "names no object",
		"s3://bucket/":                                                                          "names no object",
		"s3://bucket/dir/":                                                                      "names no object",
		"s3:///key":                                                                             "names no bucket",
		"s3://-/key":                                                                            "names no bucket",
		"s3://bucket/a/../b":                                                                    "a part that is empty",
		"s3://bucket//a":                                                                        "a part that is empty",
		"s3://bucket/a%0ab":                                                                     "control character",
		"s3:bucket/key":                                                                         "form",
		"http://bucket/key":                                                                     "form",
		"s3://bucket/" + strings.Repeat("k", 901):                                               "longer",
	} {
		s, err := s3.Open(url, s3.Options{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells a secret: %v", err)
		}
		if err == nil && !strings.HasPrefix(s.Name(), "s3://bucket/") {
			t.Errorf("%s is called %s", url, s.Name())
		}
	}
}

// trip answers each request as S3 would one for an object that is not there.
type trip func(*http.Request)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader("<Error><Code>NoSuchKey</Code></Error>"))}, nil
}

func TestWhereRequestsGo(t *testing.T) {
	keys := []string{"AWS_ACCESS_KEY_ID", "x", "AWS_SECRET_ACCESS_KEY", "y"}
	for _, c := range []struct {
		url  string
		env  []string
		want string // of the request, or a part of the error
	}{
		{"s3://bucket/key?region=eu-central-1", nil, "https://bucket.s3.eu-central-1.amazonaws.com/key"},
		{"s3://bucket/a%20b?region=eu-central-1", nil, "https://bucket.s3.eu-central-1.amazonaws.com/a%20b"},
		{"s3://my.bucket/key?region=eu-central-1", nil, "https://s3.eu-central-1.amazonaws.com/my.bucket/key"},
		{"s3://bucket/key?region=eu-central-1&style=path", nil, "https://s3.eu-central-1.amazonaws.com/bucket/key"},
		{"s3://bucket/key", []string{"AWS_DEFAULT_REGION", "cn-north-1"}, "https://bucket.s3.cn-north-1.amazonaws.com.cn/key"},
		{"s3://bucket/key?region=eu-west-1", []string{"AWS_REGION", "us-east-2"}, "https://bucket.s3.eu-west-1.amazonaws.com/key"},
		{"s3://bucket/key", []string{"AWS_ENDPOINT_URL", "https://s3.example.org"}, "https://s3.example.org/bucket/key"},
		{"s3://bucket/key", []string{"AWS_ENDPOINT_URL_S3", "https://s3.example.org", "AWS_ENDPOINT_URL", "https://other.example.org"}, "https://s3.example.org/bucket/key"},
		{"s3://bucket/key?style=virtual&endpoint=https://s3.example.org:8443", nil, "https://bucket.s3.example.org:8443/key"},
		{"s3://bucket/key", nil, "region is not known"},
		{"s3://bucket/key", []string{"AWS_REGION", "evil.example.org/"}, "not a name such as"},
		{"s3://bucket/key", []string{"AWS_ENDPOINT_URL", "http://s3.example.org"}, "plain http"},
	} {
		var got string
		s, err := s3.Open(c.url, s3.Options{Getenv: env(append(keys, c.env...)...), Transport: trip(func(r *http.Request) { got = r.URL.String() })})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), ""); got == "" && err != nil {
			got = err.Error()
		}
		if got != c.want && !(strings.Contains(got, " ") && strings.Contains(got, c.want)) {
			t.Errorf("%s: %s, not %s", c.url, got, c.want)
		}
	}
}

// TestAmazonIsNotProbed counts the requests of a save at Amazon's endpoint: one.
func TestAmazonIsNotProbed(t *testing.T) {
	for url, probed := range map[string]bool{
		"s3://bucket/key?region=eu-central-1":                                                    false,
		"s3://my.bucket/key?region=eu-central-1":                                                 false,
		"s3://bucket/key?region=eu-central-1&endpoint=https://s3.eu-central-1.amazonaws.com":     false,
		"s3://bucket/key?region=x&endpoint=https://s3.example.org":                               true,
		"s3://bucket/key?region=x&endpoint=http://s3.eu-central-1.amazonaws.com&allow_http=true": true,
		"s3://bucket/key?region=x&endpoint=https://s3.amazonaws.com.example.org":                 true,
		"s3://bucket/key?region=x&endpoint=https://s3.eu-central-1.amazonaws.com:8443":           true,
		"s3://bucket/key?region=x&endpoint=https://xs3.amazonaws.com":                            true,
	} {
		var first string
		s, err := s3.Open(url, s3.Options{Getenv: env("AWS_ACCESS_KEY_ID", "x", "AWS_SECRET_ACCESS_KEY", "y"),
			Transport: trip(func(r *http.Request) {
				if first == "" {
					first = r.URL.Path
				}
			}), Conditional: true})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = s.Save(context.Background(), []byte("x"), "") // is refused, by a 404
		if strings.Contains(first, ".probe-") != probed {
			t.Errorf("%s: the first request is for %s", url, first)
		}
	}
}
