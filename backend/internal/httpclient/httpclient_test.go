package httpclient_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"testing"

	"github.com/flask-vault/flask-vault/backend/internal/httpclient"
)

func ExampleUnanswered() {
	_, err := http.Get("http://127.0.0.1:1/?X-Amz-Signature=secret") //nolint:noctx // there is no server
	fmt.Println(httpclient.Unanswered("127.0.0.1:1", err))
	// Output: 127.0.0.1:1: connection refused
}

func TestUnanswered(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
		is   error
	}{
		{&url.Error{Op: "Get", URL: "https://x/?secret", Err: io.EOF}, "h closed the connection: EOF", io.EOF},
		{&url.Error{Op: "Get", URL: "https://x/?secret", Err: errors.New("http: broken")}, "h: http: broken", nil},
		{syscall.ECONNRESET, "h: connection reset by peer", syscall.ECONNRESET},
	} {
		err := httpclient.Unanswered("h", tc.err)
		if err.Error() != tc.want || tc.is != nil && !errors.Is(err, tc.is) {
			t.Errorf("%v gives %v", tc.err, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true,
		"": false, "0.0.0.0": false, "localhost.example.com": false, "127.0.0.1.example.com": false, "10.0.0.1": false,
	} {
		if got := httpclient.Loopback(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
