package https

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/internal/httpclient"
)

// Options are what the URL does not say. The zero value is good.
type Options struct {
	// Token gives the bearer token for the hosts of the URLs, "" for none. It is called for
	// each request. nil: the environment; see the package's documentation.
	Token func(ctx context.Context) (string, error)

	// TokenFrom is how errors call where Token has it from: "the variable SHOP_TOKEN".
	TokenFrom string

	MaxSize int           // most bytes of a document; 0: 64 MiB
	Poll    time.Duration // between two looks of Watch, on average; 0: 30 s
	Timeout time.Duration // of one request; 0: 15 s

	// Roots are the authorities that the servers' certificates are signed by. nil: the
	// system's. Transport, where it is given, has its own.
	Roots *x509.CertPool

	// Transport sends the requests. nil: one with the certificates of Roots and the proxy
	// that HTTPS_PROXY names.
	Transport http.RoundTripper

	// Getenv looks a variable up. nil: os.Getenv.
	Getenv func(name string) string
}

// MaxSize is the most bytes that a document may have where the options say
// nothing: 64 MiB.
const MaxSize = 64 << 20

// ErrReadOnly is wrapped by Save, always.
var ErrReadOnly = errors.New("an https:// vault is for reading alone")

// Store is a document on web servers. It implements backend.Store, backend.Watcher and
// io.Closer, and is safe for use by several goroutines.
type Store struct {
	o       Options
	relays  []*relay
	client  *http.Client
	closing func()

	mu    sync.Mutex
	first int // the relay that is asked first
}

// relay is one server that has the document.
type relay struct {
	url *url.URL

	mu   sync.Mutex
	etag string          // of what it gave last
	of   backend.Version // that document's version
}

// Open makes a store of the document at a URL, or at several with spaces between
// them. Nothing is asked yet.
func Open(rawURL string, o Options) (*Store, error) {
	if o.MaxSize <= 0 {
		o.MaxSize = MaxSize
	}
	if o.Poll <= 0 {
		o.Poll = 30 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	s := &Store{o: o}
	for raw := range strings.FieldsSeq(rawURL) {
		u, err := parse(raw)
		if err != nil {
			return nil, fmt.Errorf("cannot use the https:// URL: %w", err)
		}
		s.relays = append(s.relays, &relay{url: u})
	}
	if len(s.relays) == 0 {
		return nil, errors.New("cannot use the https:// URL: there is none")
	}
	s.client, s.closing = newClient(o)
	return s, nil
}

// parse checks a URL. Its errors do not quote it.
func parse(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL: https://HOST/PATH is")
	case u.User != nil:
		return nil, errors.New("it holds credentials: remove them, and give the token in a variable that store.password_env names")
	case u.Host == "" || u.Opaque != "" || u.Fragment != "":
		return nil, errors.New("it is not of the form https://HOST/PATH")
	}
	return u, allowed(u)
}

// allowed refuses what others can read and change on the way.
func allowed(u *url.URL) error {
	switch {
	case u.Scheme == "https", u.Scheme == "http" && httpclient.Loopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return errors.New("plain http is for this computer alone: use https")
	}
	return errors.New("it is not of the form https://HOST/PATH")
}

func newClient(o Options) (client *http.Client, closing func()) {
	client = &http.Client{Transport: o.Transport, CheckRedirect: redirect}
	if o.Transport != nil {
		return client, func() {} // the caller's
	}
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		ForceAttemptHTTP2:   true,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
	}
	client.Transport = t
	return client, t.CloseIdleConnections
}

// redirect decides whether the client goes where a server points.
func redirect(req *http.Request, before []*http.Request) error {
	if len(before) > 5 {
		return errors.New("it redirects more than five times")
	}
	if req.URL.Scheme != "https" && before[0].URL.Scheme == "https" || allowed(req.URL) != nil {
		return errors.New("it redirects from https to plain http")
	}
	if req.URL.Host != before[0].URL.Host {
		req.Header.Del("Authorization") // net/http keeps it for hosts below this one
	}
	req.Header.Del("Referer") // has the query of where we came from
	return nil
}

// Name is how messages call the document: the first URL, without its query.
func (s *Store) Name() string { return s.relays[0].name() }

func (r *relay) name() string {
	return (&url.URL{Scheme: r.url.Scheme, Host: r.url.Host, Path: r.url.Path}).String()
}

// Close closes connections that wait for another request. The store can be
// used afterwards all the same.
func (s *Store) Close() error {
	s.closing()
	return nil
}

// Save always fails, with [ErrReadOnly].
func (s *Store) Save(context.Context, []byte, backend.Version) (backend.Version, error) {
	return "", fmt.Errorf("%w: save to the store behind it", ErrReadOnly)
}
