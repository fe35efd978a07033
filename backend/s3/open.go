package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/aws"
)

// Options are what the URL does not say, and what overrides it. The zero value is
// good: all is as the AWS tools have it.
type Options struct {
	Region   string // "eu-central-1"
	Endpoint string // "https://s3.example.org"
	Profile  string // of the AWS configuration files

	// Conditional says that the server is known to honour conditional writes, so
	// that it is not probed at length before the first Save.
	Conditional bool

	// AllowHTTP lets an endpoint be plain http on other computers too.
	AllowHTTP bool

	// Credentials takes the place of the search in the environment and files. It is
	// called for each request, and may be called by several goroutines.
	Credentials func(ctx context.Context) (aws.Credentials, error)

	MaxSize int           // most bytes of a document; 0: 64 MiB
	Poll    time.Duration // between two looks of Watch, on average; 0: 30 s
	Timeout time.Duration // of one request; 0: 30 s

	// Transport sends the requests. nil: one with the system's certificates, those of
	// AWS_CA_BUNDLE, and the proxy that HTTPS_PROXY names.
	Transport http.RoundTripper

	// Getenv looks a variable up. nil: os.Getenv.
	Getenv func(name string) string
}

// MaxSize is the most bytes that a document may have where the options say
// nothing: 64 MiB.
const MaxSize = 64 << 20

// Store is an object. It implements backend.Store, backend.Watcher and io.Closer, and
// is safe for use by several goroutines.
type Store struct {
	bucket, key string
	o           Options
	style       string // "path", "virtual", "" for what is usual

	settle  func() (*server, error) // once
	creds   *aws.Finder
	client  *http.Client
	closing func()

	mu     sync.Mutex // of honest
	honest bool       // the server is known to honour conditions
}

// server is where requests go.
type server struct {
	base   *url.URL // scheme and host
	path   string   // before the key: "/bucket/" or "/"
	region string
	amazon bool // its own endpoint, by https
}

// Open makes a store of the object that the URL names; the package's
// documentation has its form. Nothing is asked yet.
func Open(rawURL string, o Options) (*Store, error) {
	s, err := open(rawURL, o)
	if err != nil {
		return nil, fmt.Errorf("cannot use the s3:// URL: %w", err)
	}
	return s, nil
}

func open(rawURL string, o Options) (*Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		// url.Error quotes the URL, in which somebody may have put a secret.
		return nil, errors.New("it is not a URL: s3://BUCKET/KEY is")
	}
	if u.User != nil {
		return nil, errors.New("it holds credentials: remove them, and give them as the AWS tools find them, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if u.Scheme != "s3" || u.Opaque != "" || u.Fragment != "" {
		return nil, errors.New("it is not of the form s3://BUCKET/KEY")
	}
	s := &Store{bucket: u.Host, key: strings.TrimPrefix(u.Path, "/")}
	if err := s.parameters(u.RawQuery, &o); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if o.MaxSize <= 0 {
		o.MaxSize = MaxSize
	}
	if o.Poll <= 0 {
		o.Poll = 30 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Endpoint != "" {
		if _, err := aws.Endpoint(o.Endpoint, o.AllowHTTP); err != nil {
			return nil, err
		}
	}
	s.o = o
	s.settle = sync.OnceValues(s.server)
	s.creds = &aws.Finder{
		Getenv: o.Getenv, Profile: o.Profile, Own: o.Credentials, Do: s.askSTS, Timeout: o.Timeout,
		Region: func() (string, error) {
			srv, err := s.settle()
			if err != nil {
				return "", err
			}
			return srv.region, nil
		},
	}
	s.client, s.closing = newClient(o)
	return s, nil
}

// parameters takes what the options do not say from the URL's query.
func (s *Store) parameters(raw string, o *Options) error {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return errors.New("its parameters cannot be read")
	}
	for name, values := range q {
		value, bad := values[0], len(values) > 1 || values[0] == ""
		set := func(to *string) {
			if *to == "" {
				*to = value
			}
		}
		switch name {
		case "region":
			set(&o.Region)
		case "endpoint":
			set(&o.Endpoint)
		case "profile":
			set(&o.Profile)
		case "style":
			s.style = value
			bad = bad || value != "path" && value != "virtual"
		case "conditional":
			o.Conditional = o.Conditional || value == "true"
			bad = bad || value != "true" && value != "false"
		case "allow_http":
			o.AllowHTTP = o.AllowHTTP || value == "true"
			bad = bad || value != "true" && value != "false"
		case "poll":
			d, err := time.ParseDuration(value)
			bad = bad || err != nil || d < time.Second
			if o.Poll == 0 {
				o.Poll = d
			}
		default:
			return fmt.Errorf("%.40q is not one of its parameters: allow_http, conditional, endpoint, poll, profile, region, style", name)
		}
		if bad {
			return fmt.Errorf("its parameter %s has no value that it can have, or several", name)
		}
	}
	return nil
}

var (
	bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$`)
	hostLabel  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
)

func (s *Store) check() error {
	if !bucketName.MatchString(s.bucket) {
		return errors.New("it names no bucket: s3://BUCKET/KEY")
	}
	switch {
	case s.key == "" || strings.HasSuffix(s.key, "/"):
		return errors.New("it names no object in the bucket: s3://BUCKET/KEY")
	case len(s.key) > 900:
		return errors.New("its key is longer than 900 bytes")
	}
	for part := range strings.SplitSeq(s.key, "/") {
		if part == "" || part == "." || part == ".." {
			return errors.New("its key has a part that is empty, . or .., which proxies change")
		}
	}
	for i := range len(s.key) {
		if s.key[i] < ' ' || s.key[i] == 0x7f {
			return errors.New("its key has a control character")
		}
	}
	return nil
}

// server finds out where requests go, from the options, the environment and the
// configuration files.
func (s *Store) server() (*server, error) {
	srv := &server{region: s.o.Region}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if srv.region == "" {
			srv.region = s.o.Getenv(name)
		}
	}
	if srv.region == "" {
		srv.region = s.creds.Setting("region")
	}
	at := s.o.Endpoint
	for _, name := range []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"} {
		if at == "" {
			at = s.o.Getenv(name)
		}
	}
	if at == "" {
		at = s.creds.Setting("endpoint_url")
	}
	if at == "" && srv.region == "" {
		return nil, fmt.Errorf("%w: the bucket's region is not known: add ?region=NAME to the URL, or set AWS_REGION", backend.ErrNoSuchStore)
	}
	if srv.region == "" {
		srv.region = "us-east-1" // what other servers expect that have none
	}
	if !regionName.MatchString(srv.region) {
		return nil, errors.New("the region is not a name such as eu-central-1")
	}
	virtual := s.style == "virtual"
	if at == "" {
		at = "https://s3." + srv.region + "." + aws.Domain(srv.region)
		virtual = s.style != "path"
	}
	var err error
	if srv.base, err = aws.Endpoint(at, s.o.AllowHTTP); err != nil {
		return nil, err
	}
	srv.amazon = isAmazon(srv.base)
	srv.path = "/" + s.bucket + "/"
	if virtual && hostLabel.MatchString(s.bucket) { // a certificate is for one label
		srv.base.Host = s.bucket + "." + srv.base.Host
		srv.path = "/"
	}
	return srv, nil
}

// isAmazon reports whether a URL leads to S3 itself, surely.
func isAmazon(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	name, ok := strings.CutSuffix(host, ".amazonaws.com")
	if !ok {
		name, ok = strings.CutSuffix(host, ".amazonaws.com.cn")
	}
	return ok && u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") &&
		(name == "s3" || strings.HasPrefix(name, "s3.") || strings.Contains(name, ".s3."))
}

// Name is how messages call the object: s3://BUCKET/KEY.
func (s *Store) Name() string {
	return (&url.URL{Scheme: "s3", Host: s.bucket, Path: "/" + s.key}).String()
}

// Close closes connections that wait for another request. The store can be
// used afterwards all the same.
func (s *Store) Close() error {
	s.closing()
	return nil
}
