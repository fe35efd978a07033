package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/flask-vault/flask-vault/backend/aws"
	"github.com/flask-vault/flask-vault/backend/internal/httpclient"
)

// answer is what a server answered: all of it.
type answer struct {
	status int
	header http.Header
	body   []byte // of at most one byte more than was asked for
}

// sentError is an error of a request that may have reached the server.
type sentError struct{ err error }

func (e *sentError) Error() string { return e.err.Error() }
func (e *sentError) Unwrap() error { return e.err }

// maxError is how much of an answer that is an error is read.
const maxError = 64 << 10

// do sends one signed request for an object, and reads at most limit bytes of a good
// answer. Where the credentials turn out to be old, it takes new ones and asks once
// more: such a request has done nothing. An error is a *sentError if the server
// may have taken the request.
func (s *Store) do(ctx context.Context, method, key string, header http.Header, body []byte, limit int) (*answer, error) {
	creds, err := s.creds.Get(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.once(ctx, creds, method, key, header, body, limit)
	if err != nil || !a.oldCredentials() {
		return a, err
	}
	s.creds.Forget(creds)
	fresh, err := s.creds.Get(ctx)
	if err != nil || fresh == creds {
		return a, nil // which says what is wrong
	}
	return s.once(ctx, fresh, method, key, header, body, limit)
}

func (s *Store) once(ctx context.Context, creds aws.Credentials, method, key string, header http.Header, body []byte, limit int) (*answer, error) {
	srv, err := s.settle()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	u := *srv.base
	u.Path = srv.path + key
	req := (&http.Request{Method: method, URL: &u, Host: u.Host, Header: header.Clone(), ContentLength: int64(len(body))}).WithContext(ctx)
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Accept-Encoding", "identity") // what is stored is what is loaded
	if len(body) > 0 {                            // an empty one would go out in chunks
		req.Body, req.GetBody = reader(body), func() (io.ReadCloser, error) { return reader(body), nil }
	}
	aws.Sign(req, aws.HashOf(body), creds, aws.Scope{Region: srv.region, Service: "s3"}, time.Now())
	resp, err := s.client.Do(req)
	if err != nil {
		err = httpclient.Unanswered(srv.base.Host, err)
		if connected.Load() {
			return nil, &sentError{err}
		}
		return nil, err
	}
	defer resp.Body.Close()
	a := &answer{status: resp.StatusCode, header: resp.Header}
	if a.status/100 != 2 {
		limit = maxError
	}
	if resp.ContentLength > int64(limit) && a.status/100 == 2 {
		a.body = make([]byte, limit+1) // as large as that; nobody reads it
		return a, nil
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil && a.status/100 == 2 && method != http.MethodPut {
		return nil, &sentError{fmt.Errorf("the answer broke off: %w", httpclient.Unanswered(srv.base.Host, err))}
	}
	return a, nil
}

func reader(body []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(body)) }

// askSTS sends a request that gets credentials.
func (s *Store) askSTS(req *http.Request) (*http.Response, error) {
	resp, err := s.client.Do(req) //nolint:gosec // to STS, which the region or the user names; Finder checks the URL
	if err != nil {
		return nil, httpclient.Unanswered(req.URL.Host, err)
	}
	return resp, nil
}
