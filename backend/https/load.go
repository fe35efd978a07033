package https

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/internal/httpclient"
)

// maxWait is the longest that a max-age or a Retry-After makes Watch wait.
const maxWait = 10 * time.Minute

// Load gets the document from the first relay that has it, and not one that the caller
// refuses ([backend.Refusing]) as long as another relay has a better one.
func (s *Store) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	snap, _, err := s.load(ctx, have)
	return snap, err
}

// load also says how long the answer stays the same, or for how long the servers
// do not want to be asked; 0 if they say nothing.
func (s *Store) load(ctx context.Context, have backend.Version) (snap backend.Snapshot, wait time.Duration, err error) {
	s.mu.Lock()
	first := s.first
	s.mu.Unlock()
	missing := 0
	var errs []error
	var old *answer
	for i := range s.relays {
		n := (first + i) % len(s.relays)
		snap, w, err := s.share(ctx, s.relays[n], have, len(s.relays)-i)
		if err == nil || errors.Is(err, backend.ErrNotModified) {
			version := snap.Version
			if err != nil {
				version = have
			}
			if slices.Contains(backend.Refused(ctx), string(version)) { // both are the document's SHA-256
				if old == nil {
					old = &answer{snap, w, err}
				}
				continue
			}
			s.mu.Lock()
			s.first = n
			s.mu.Unlock()
			return snap, w, err
		}
		if errors.Is(err, backend.ErrNoVault) {
			missing++
		}
		wait = max(wait, w)
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	if old != nil {
		return old.snap, old.wait, old.err
	}
	if missing == len(s.relays) {
		return backend.Snapshot{}, 0, fmt.Errorf("%w: the server has no such document", backend.ErrNoVault)
	}
	return backend.Snapshot{}, wait, &relaysError{errs}
}

// answer is what one relay said.
type answer struct {
	snap backend.Snapshot
	wait time.Duration
	err  error
}

// share asks one of so many relays that are left, and leaves the others their share of the
// time that there is.
func (s *Store) share(ctx context.Context, r *relay, have backend.Version, left int) (backend.Snapshot, time.Duration, error) {
	if end, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
		defer cancel()
	}
	return s.ask(ctx, r, have)
}

// relaysError is what each relay said.
type relaysError struct{ errs []error }

func (e *relaysError) Error() string {
	texts := make([]string, len(e.errs))
	for i, err := range e.errs {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap leaves out that a relay has no document: those that do not answer may.
func (e *relaysError) Unwrap() []error {
	var all []error
	for _, err := range e.errs {
		if !errors.Is(err, backend.ErrNoVault) {
			all = append(all, err)
		}
	}
	return all
}

// StatusError is an answer that is neither the document nor that there is none.
type StatusError struct {
	Host   string
	Status int    // of HTTP
	Token  string // where the token came from that was sent, "" for none
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answered %d %s", e.Host, e.Status, http.StatusText(e.Status))
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if e.Token == "" {
			text += "; it may want a token: store.password_env names the variable that has it, or set FLASK_VAULT_HTTPS_TOKEN_FILE and FLASK_VAULT_HTTPS_TOKEN_HOST"
		} else {
			text += "; it was sent the token of " + e.Token
		}
	}
	return strings.TrimSpace(text)
}

// ask asks one relay.
func (s *Store) ask(ctx context.Context, r *relay, have backend.Version) (snap backend.Snapshot, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	token, err := s.token(ctx, r.url)
	if err != nil {
		return snap, 0, err
	}
	u := *r.url
	req := (&http.Request{Method: http.MethodGet, URL: &u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
	req.Header.Set("Accept-Encoding", "identity") // what is stored is what is loaded
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	conditional := false
	r.mu.Lock()
	if have != "" && r.of == have && r.etag != "" {
		req.Header.Set("If-None-Match", r.etag)
		conditional = true
	}
	r.mu.Unlock()
	resp, err := s.client.Do(req)
	if err != nil {
		return snap, 0, httpclient.Unanswered(r.url.Host, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		if !conditional {
			return snap, 0, &StatusError{Host: r.url.Host, Status: resp.StatusCode}
		}
		return snap, fresh(resp.Header), backend.ErrNotModified
	case http.StatusNotFound, http.StatusGone:
		return snap, 0, fmt.Errorf("%s: %w", r.url.Host, backend.ErrNoVault)
	default:
		from := ""
		if token != "" {
			from = s.tokenFrom()
		}
		return snap, retryAfter(resp.Header), &StatusError{r.url.Host, resp.StatusCode, from}
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return snap, 0, fmt.Errorf("%s sends the document in another form (Content-Encoding), which it was not asked to", r.url.Host)
	}
	blob, err := s.read(resp)
	if err != nil {
		return snap, 0, httpclient.Unanswered(r.url.Host, err)
	}
	sum := sha256.Sum256(blob)
	v := backend.Version(hex.EncodeToString(sum[:]))
	r.mu.Lock()
	r.etag, r.of = etag(resp.Header), v
	r.mu.Unlock()
	if v == have {
		return snap, fresh(resp.Header), backend.ErrNotModified
	}
	return backend.Snapshot{Blob: blob, Version: v}, fresh(resp.Header), nil
}

func (s *Store) read(resp *http.Response) ([]byte, error) {
	large := fmt.Errorf("%w: at most %d bytes are possible", backend.ErrTooLarge, s.o.MaxSize)
	if resp.ContentLength > int64(s.o.MaxSize) {
		return nil, large
	}
	blob, err := io.ReadAll(io.LimitReader(resp.Body, int64(s.o.MaxSize)+1))
	if err != nil {
		return nil, err
	}
	if len(blob) > s.o.MaxSize {
		return nil, large
	}
	return blob, nil
}

// etag is an answer's ETag if it can be sent back.
func etag(h http.Header) string { return checked(h.Get("ETag")) }

// checked is an ETag, or "" if it is none.
func checked(e string) string {
	opaque := strings.TrimPrefix(e, "W/")
	if len(e) > 200 || len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' {
		return ""
	}
	for _, c := range []byte(opaque[1 : len(opaque)-1]) {
		if c <= ' ' || c == '"' || c >= 0x7f {
			return ""
		}
	}
	return e
}

// fresh is for how long a cache in between gives the same answer.
func fresh(h http.Header) time.Duration {
	var age time.Duration
	for directive := range strings.SplitSeq(strings.ToLower(h.Get("Cache-Control")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case "no-cache", "no-store":
			return 0
		case "max-age":
			age = seconds(strings.Trim(value, `"`))
		}
	}
	return min(max(age-seconds(h.Get("Age")), 0), maxWait)
}

func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if at, err := http.ParseTime(value); err == nil {
		return min(max(time.Until(at), 0), maxWait)
	}
	return min(seconds(value), maxWait)
}

// seconds is a number of them, 0 if it is none.
func seconds(s string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// Watch looks again and again; see the package's documentation. It returns the error of a
// look at which no relay gave an answer, unless they said when to come again.
func (s *Store) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	for {
		snap, wait, err := s.load(ctx, have)
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
		case !errors.Is(err, backend.ErrNotModified) && wait == 0:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause(s.o.Poll, wait)):
		}
	}
}

// pause is a random time between a half of poll and one and a half, after wait where
// that is longer.
func pause(poll, wait time.Duration) time.Duration {
	spread := rand.N(poll) //nolint:gosec // not for secrecy
	if wait > poll/2 {
		return wait + spread
	}
	return poll/2 + spread
}
