package s3

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // see whole
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

// Load gets the object. A request that fails for the moment is repeated up to
// three times.
func (s *Store) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	const attempts = 4
	for n := 1; ; n++ {
		snap, err := s.load(ctx, s.key, have)
		if err == nil || n == attempts || !passing(err) {
			return snap, err
		}
		select {
		case <-ctx.Done():
			return snap, err
		case <-time.After(jitter(time.Duration(n*n) * 100 * time.Millisecond)):
		}
	}
}

// passing reports whether an error may be gone the next time.
func passing(err error) bool {
	var sent *sentError
	var answered *ServerError
	switch {
	case errors.As(err, &answered):
		return answered.Status >= 500 && answered.Status != http.StatusNotImplemented || answered.Status == http.StatusTooManyRequests
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	}
	return errors.As(err, &sent)
}

// jitter is between a half of d and one and a half.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d) //nolint:gosec // not for secrecy
}

// load gets an object whose bytes and version belong together.
//
// A server that is not Amazon's may give the bytes of one object under the ETag of
// the next, if it is replaced meanwhile: versitygw 1.8.0 was seen to. Who saved over that
// would lose what is in the next. So the ETag has to be the MD5 of the bytes, as it is without
// encryption by a key of the customer, or a second answer has to be the same.
func (s *Store) load(ctx context.Context, key string, have backend.Version) (backend.Snapshot, error) {
	const attempts = 5
	snap, err := s.get(ctx, key, have)
	for n := 1; err == nil && !s.whole(snap); n++ {
		if n == attempts {
			return backend.Snapshot{}, errors.New("the server gives documents under ETags that belong to others")
		}
		var again backend.Snapshot
		if again, err = s.get(ctx, key, ""); err == nil && again.Version == snap.Version && bytes.Equal(again.Blob, snap.Blob) {
			break
		}
		snap = again
	}
	if err == nil && snap.Version == have {
		return backend.Snapshot{}, backend.ErrNotModified
	}
	return snap, err
}

// whole reports whether the bytes surely are those of the version.
func (s *Store) whole(snap backend.Snapshot) bool {
	if srv, err := s.settle(); err == nil && srv.amazon {
		return true
	}
	sum := md5.Sum(snap.Blob) //nolint:gosec // it is what an ETag is; nobody's forgery is at stake, the document is sealed
	return strings.EqualFold(string(snap.Version), `"`+hex.EncodeToString(sum[:])+`"`)
}

// get asks for an object once.
func (s *Store) get(ctx context.Context, key string, have backend.Version) (backend.Snapshot, error) {
	header := http.Header{}
	if isETag(string(have)) {
		header.Set("If-None-Match", string(have))
	}
	a, err := s.do(ctx, http.MethodGet, key, header, nil, s.o.MaxSize)
	if err != nil {
		return backend.Snapshot{}, err
	}
	switch a.status {
	case http.StatusOK:
	case http.StatusNotModified:
		if have == "" {
			return backend.Snapshot{}, errors.New("the server answered 304 to a request without a condition")
		}
		return backend.Snapshot{}, backend.ErrNotModified
	default:
		e := s.serverError(a)
		if a.status == http.StatusNotFound && (e.Code == "NoSuchKey" || e.Code == "") {
			return backend.Snapshot{}, fmt.Errorf("%w: the bucket has no such object", backend.ErrNoVault)
		}
		return backend.Snapshot{}, e
	}
	if len(a.body) > s.o.MaxSize {
		return backend.Snapshot{}, fmt.Errorf("%w: at most %d bytes are possible", backend.ErrTooLarge, s.o.MaxSize)
	}
	version := backend.Version(etag(a.header))
	if version == "" {
		return backend.Snapshot{}, errors.New("the server gave no ETag, so nobody can tell versions apart")
	}
	return backend.Snapshot{Blob: a.body, Version: version}, nil
}

// Save replaces the object under the condition that it is still prev. Where it is not
// known that the server honours conditions, it finds that out first and fails with
// [ErrUnconditional] if it does not; see the package's documentation.
func (s *Store) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	if len(blob) > s.o.MaxSize {
		return "", fmt.Errorf("%w: the encrypted document has %d bytes, at most %d are possible", backend.ErrTooLarge, len(blob), s.o.MaxSize)
	}
	if prev != "" && !isETag(string(prev)) {
		return "", fmt.Errorf("%w: the version at hand is none of this store", backend.ErrConflict)
	}
	if err := s.vouch(ctx); err != nil {
		return "", err
	}
	version, err := s.put(ctx, s.key, blob, prev)
	for _, said := range []error{backend.ErrConflict, backend.ErrUncertain, backend.ErrTooLarge} {
		if errors.Is(err, said) {
			return "", err
		}
	}
	if err != nil {
		return "", fmt.Errorf("not saved: %w", err)
	}
	return version, nil
}

// uncertainError says why it is not known whether a PUT was carried out.
type uncertainError struct{ err error }

func (e *uncertainError) Error() string        { return fmt.Sprintf("%v: %v", backend.ErrUncertain, e.err) }
func (e *uncertainError) Is(target error) bool { return target == backend.ErrUncertain }
func (e *uncertainError) Unwrap() error        { return e.err }

// put stores an object if it is still prev.
func (s *Store) put(ctx context.Context, key string, blob []byte, prev backend.Version) (backend.Version, error) {
	header := http.Header{"Content-Type": {"application/octet-stream"}}
	if prev == "" {
		header.Set("If-None-Match", "*")
	} else {
		header.Set("If-Match", string(prev))
	}
	a, err := s.do(ctx, http.MethodPut, key, header, blob, maxError)
	var sent *sentError
	if errors.As(err, &sent) {
		return "", &uncertainError{err}
	}
	if err != nil {
		return "", err
	}
	if a.status == http.StatusOK {
		version := etag(a.header)
		if version == "" {
			return "", &uncertainError{errors.New("the server gave no ETag")}
		}
		return backend.Version(version), nil
	}
	e := s.serverError(a)
	switch {
	case a.status == http.StatusPreconditionFailed:
		return "", backend.ErrConflict
	case a.status == http.StatusConflict:
		return "", fmt.Errorf("%w, at the same time", backend.ErrConflict)
	case a.status == http.StatusNotFound && prev != "" && e.Code != "NoSuchBucket":
		return "", fmt.Errorf("%w: the object is gone", backend.ErrConflict)
	case a.status == http.StatusRequestEntityTooLarge, e.Code == "EntityTooLarge":
		return "", fmt.Errorf("%w for the server: the encrypted document has %d bytes", backend.ErrTooLarge, len(blob))
	case a.status == http.StatusNotImplemented:
		return "", fmt.Errorf("%w: %w", ErrUnconditional, e)
	case a.status/100 == 2, a.status >= 500:
		// A gateway may answer for a server that goes on.
		return "", &uncertainError{e}
	}
	return "", e
}

// serverError reads an answer's error.
func (s *Store) serverError(a *answer) *ServerError {
	c := s.creds.Last()
	return serverError(a, c.SecretAccessKey, c.SessionToken)
}

// etag is the strong form of an answer's ETag, with its quotes, or "". Proxies make
// it weak and some servers forget the quotes.
func etag(h http.Header) string {
	e := strings.TrimPrefix(h.Get("ETag"), "W/")
	if e != "" && !strings.HasPrefix(e, `"`) {
		e = `"` + e + `"`
	}
	if !isETag(e) {
		return ""
	}
	return e
}

// isETag reports whether s is an entity tag as RFC 9110 has it, and no list of
// them and no "*", which all documents would match.
func isETag(s string) bool {
	if len(s) < 3 || len(s) > 200 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	for _, c := range []byte(s[1 : len(s)-1]) {
		if c <= ' ' || c == '"' || c >= 0x7f {
			return false
		}
	}
	return true
}

// Watch looks at the object again and again, each time after a wait between a half
// of the poll's duration and one and a half, so that many watchers do not ask at once.
// It returns the error of a look that failed, after its repetitions.
func (s *Store) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	for {
		snap, err := s.Load(ctx, have)
		switch {
		case err == nil:
			have = snap.Version
			notify(snap)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, backend.ErrNoVault):
			if have != "" {
				have = ""
				notify(backend.Snapshot{})
			}
		case !errors.Is(err, backend.ErrNotModified):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(jitter(s.o.Poll)):
		}
	}
}
