package etcd

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/internal/httpclient"
)

const (
	dialTimeout      = 3 * time.Second
	handshakeTimeout = 4 * time.Second
	readTimeout      = 5 * time.Second  // of one try of what may be asked again; etcd's own is 7
	writeTimeout     = 10 * time.Second // of one try of what may not
	rounds           = 3                // how often all servers are tried
	roundPause       = 200 * time.Millisecond
	maxReply         = 4 << 20 // bytes of a reply that has one value
)

// client speaks with the gateways of a cluster.
type client struct {
	http      *http.Client
	endpoints []string
	current   atomic.Uint32 // index of the endpoint to ask next
	dialled   atomic.Uint64 // how many connections were made
	timeout   time.Duration
	ping      time.Duration
	pause     time.Duration // most of that after the first round
	login     *login        // nil if there is no user
	key       string
}

func newClient(p place, o Options) (*client, error) {
	c := &client{endpoints: p.endpoints, key: p.key, timeout: o.Timeout, ping: o.Ping, pause: roundPause}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	if c.ping <= 0 {
		c.ping = defaultPing
	}
	user := o.User
	if user == "" {
		user = p.user
	}
	switch {
	case user != "" && o.Password == nil:
		return nil, fmt.Errorf("the etcd user %q is given without a password", user)
	case user != "":
		c.login = newLogin(user, o.Password)
	}
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			// No proxy: what is between us and the cluster is nobody else's.
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSClientConfig:     config,
			TLSHandshakeTimeout: handshakeTimeout,
			ForceAttemptHTTP2:   true,
			HTTP2: &http.HTTP2Config{
				SendPingTimeout:  c.ping,
				PingTimeout:      c.ping,
				WriteByteTimeout: writeTimeout,
			},
			DisableCompression:     true,
			MaxIdleConns:           2 * len(p.endpoints),
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		// The gateway sends nobody elsewhere, and the token is not for elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	// Programs that start together begin with different servers.
	c.current.Store(rand.Uint32N(uint32(len(p.endpoints)))) //nolint:gosec // no secret: it spreads load
	return c, nil
}

func (c *client) loginUser() string {
	if c.login == nil {
		return ""
	}
	return c.login.user
}

// kind is what may be done when it is not known whether a request arrived.
type kind struct {
	act   string // for messages
	again bool   // it may be sent again
	limit int64  // bytes of the reply, maxReply if 0
}

var (
	reading  = kind{act: toRead, again: true}
	chunking = kind{act: toWrite, again: true} // writes the same bytes under a key of its own
	saving   = kind{act: toWrite}
)

// call asks the servers one after the other until one answers. Its errors wrap
// backend.ErrUncertain where a request that may not be sent again may have arrived, and
// backend.ErrUnreachable where none was answered.
func (c *client) call(ctx context.Context, path string, k kind, request, reply any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if k.limit == 0 {
		k.limit = maxReply
	}
	var failed failures
	for try := 0; ; try++ {
		index := c.current.Load()
		endpoint := c.endpoints[index]
		text, sent, err := c.once(ctx, endpoint, path, k, body, max(1, len(c.endpoints)-try))
		if err == nil {
			if err = decode(text, reply); err == nil {
				return nil
			}
		}
		var a *answer
		switch {
		case errors.As(err, &a) && a.final():
			return c.explain(a, k.act)
		case isOwn(err):
			return err
		case sent && !k.again:
			return fmt.Errorf("%w: %s: %w", backend.ErrUncertain, host(endpoint), cause(err))
		}
		failed.add(endpoint, err)
		// Whoever was slower finds that another has moved on already.
		c.current.CompareAndSwap(index, (index+1)%uint32(len(c.endpoints)))
		if try+1 == rounds*len(c.endpoints) {
			return failed.error(nil)
		}
		if (try+1)%len(c.endpoints) == 0 {
			_ = sleep(ctx, jitter(c.pause<<(try/len(c.endpoints))))
		}
		if ctx.Err() != nil {
			return failed.error(context.Cause(ctx))
		}
	}
}

// once asks one server. Where the token has expired, it gets another, and asks
// again; such an answer says that nothing was done. What may be asked again leaves the
// others of so many servers that are left their share of the time.
func (c *client) once(ctx context.Context, endpoint, path string, k kind, body []byte, left int) (text []byte, sent bool, err error) {
	timeout := writeTimeout
	if k.again {
		timeout = readTimeout
		if end, ok := ctx.Deadline(); ok {
			timeout = min(timeout, time.Until(end)/time.Duration(left))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for fresh := false; ; fresh = true {
		token, err := c.token(ctx, endpoint)
		if err != nil {
			return nil, false, err
		}
		text, sent, err = c.post(ctx, endpoint, path, token, k.limit, body)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			c.doubt(token)
		}
		var a *answer
		if fresh || c.login == nil || !errors.As(err, &a) || !a.stale() {
			return text, sent, err
		}
		c.login.drop(token)
	}
}

// post sends one request and reads the reply whole. sent is false if the server
// surely did not get the request.
func (c *client) post(ctx context.Context, endpoint, path, token string, limit int64, body []byte) (text []byte, sent bool, err error) {
	response, sent, err := c.send(ctx, endpoint, path, token, body)
	if err != nil {
		return nil, sent, err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, true, err
	case response.StatusCode != http.StatusOK:
		return nil, true, readAnswer(response.StatusCode, text)
	case int64(len(text)) > limit:
		return nil, true, &tooMuch{limit}
	}
	return text, true, nil
}

// send sends a request and returns when the reply begins.
func (c *client) send(ctx context.Context, endpoint, path, token string, body []byte) (response *http.Response, sent bool, err error) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(conn httptrace.GotConnInfo) {
			connected.Store(true)
			if !conn.Reused {
				c.dialled.Add(1)
			}
		},
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", token)
	}
	if path == watchPath {
		// A server that has lost the others ends the watch, and another can be asked.
		request.Header.Set("Grpc-Metadata-Hasleader", "true")
	}
	response, err = c.http.Do(request)
	if err == nil {
		return response, true, nil
	}
	return nil, connected.Load() && !noHandshake(err), err
}

// noHandshake reports whether the server ended the connection before it took
// requests. With TLS 1.3 it refuses a certificate when the client believes already
// that all is well; net/http may find that out before it has sent anything.
func noHandshake(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && strings.Contains(err.Error(), "certificate") ||
		strings.Contains(err.Error(), "http2: client conn could not be established")
}

// tooMuch says that a reply is longer than any that is due.
type tooMuch struct{ limit int64 }

func (e *tooMuch) Error() string {
	return fmt.Sprintf("the reply has more than %d bytes", e.limit)
}

// own is an error that no other server would mend, such as of the password's source.
type own struct{ error }

func (e own) Unwrap() error { return e.error }

func isOwn(err error) bool {
	var o own
	return errors.As(err, &o)
}

// failures are the last errors of each server, in the order of the first ones.
type failures struct {
	order []string
	last  map[string]error
}

func (f *failures) add(endpoint string, err error) {
	if f.last == nil {
		f.last = map[string]error{}
	}
	if f.last[endpoint] == nil {
		f.order = append(f.order, endpoint)
	}
	f.last[endpoint] = cause(err)
}

// error tells of all servers. why is the end of the context, if that was the end.
func (f *failures) error(why error) error {
	if errors.Is(why, context.Canceled) { // the caller's wish, and no fault of the servers
		return why
	}
	var b strings.Builder
	wrapped := []error{backend.ErrUnreachable}
	if why != nil {
		wrapped = append(wrapped, why)
	}
	for i, endpoint := range f.order {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %v", host(endpoint), f.last[endpoint])
		var certificate *tls.CertificateVerificationError // which somebody can do something about
		if errors.As(f.last[endpoint], &certificate) {
			wrapped = append(wrapped, certificate)
		}
	}
	return &unreachable{b.String(), wrapped}
}

type unreachable struct {
	text    string
	wrapped []error
}

func (e *unreachable) Error() string { return backend.ErrUnreachable.Error() + ": " + e.text }

func (e *unreachable) Unwrap() []error { return e.wrapped }

func host(endpoint string) string {
	_, name, _ := strings.Cut(endpoint, "://")
	return name
}

// cause drops the URL from an error of net/http, and says what it means.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	switch {
	case noHandshake(err):
		return fmt.Errorf("the server ended the connection at once, as it does when it refuses the client certificate or the want of one (%w)", err)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return errors.New("the server speaks without TLS")
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the server closed the connection: %w", err)
	}
	return httpclient.Plain(err)
}

// sleep waits, or returns the end of the context.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// jitter is a random time up to most, so that those who failed together do not
// come again together.
func jitter(most time.Duration) time.Duration {
	return rand.N(most) //nolint:gosec // no secret: it spreads load
}
