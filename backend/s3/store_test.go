package s3_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/s3"
	"github.com/flask-vault/flask-vault/backend/s3/s3test"
	"github.com/flask-vault/flask-vault/backend/storetest"
)

// env is an environment with these variables alone.
func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		m[pair[0]] = pair[1]
	}
	return func(name string) string { return m[name] }
}

var goodEnv = env("AWS_ACCESS_KEY_ID", s3test.AccessKeyID, "AWS_SECRET_ACCESS_KEY", s3test.SecretAccessKey, "AWS_REGION", s3test.Region)

const key = "credentials/a b+c.yml.enc"

func serve(t testing.TB) *s3test.Server {
	t.Helper()
	s := s3test.New(false)
	t.Cleanup(s.Close)
	return s
}

func open(t testing.TB, server *s3test.Server, o s3.Options) *s3.Store {
	t.Helper()
	if o.Getenv == nil {
		o.Getenv = goodEnv
	}
	o.Endpoint = server.URL()
	s, err := s3.Open("s3://"+s3test.Bucket+"/"+strings.ReplaceAll(key, " ", "%20"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		New: func(t testing.TB) storetest.Place {
			server := serve(t)
			return storetest.Place{Open: func() (backend.Store, error) {
				return open(t, server, s3.Options{Conditional: true, MaxSize: 2 << 20, Poll: 10 * time.Millisecond}), nil
			}}
		},
		MaxSize: 2 << 20,
		Secrets: []string{s3test.SecretAccessKey},
	})
}

// TestWritersAndFaults lets the server fail in all its ways while many write.
func TestWritersAndFaults(t *testing.T) {
	server := serve(t)
	report, err := storetest.Contend(t.Context(), storetest.Place{
		Open: func() (backend.Store, error) {
			s := open(t, server, s3.Options{Conditional: true, Poll: 10 * time.Millisecond, Timeout: 300 * time.Millisecond})
			return s, nil
		},
		Faults: func(ctx context.Context) error {
			for range 4 {
				server.SetFault(func(*http.Request) s3test.Fault {
					faults := []s3test.Fault{s3test.DropBefore, s3test.DropAfter, s3test.Unavailable, s3test.InternalError, s3test.GatewayTimeout, s3test.Conflict, s3test.NoETag, s3test.Slow}
					if rand.IntN(3) == 0 {
						return faults[rand.IntN(len(faults))]
					}
					return s3test.None
				})
				sleep(ctx, 500*time.Millisecond)
				server.SetFault(nil)
				server.SetDown(true)
				sleep(ctx, 200*time.Millisecond)
				server.SetDown(false)
			}
			return nil
		},
	}, storetest.Contention{Saves: 20, Timeout: 5 * time.Second, Limit: 50 * time.Second})
	t.Log(report)
	if err != nil {
		t.Error(err)
	}
	if report.Uncertain == 0 || report.Landed == 0 {
		t.Error("no save was uncertain, or none of those landed: the faults did nothing")
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// TestSaveSaysWhatHappened lets one PUT go wrong, and compares what Save says
// with what is stored.
func TestSaveSaysWhatHappened(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault s3test.Fault
		want  error // nil: an error that wraps none of the three
		says  string
	}{
		{"drop before", s3test.DropBefore, backend.ErrUncertain, ""},
		{"drop after", s3test.DropAfter, backend.ErrUncertain, ""},
		{"503", s3test.Unavailable, backend.ErrUncertain, "SlowDown (Please reduce your request rate.)"},
		{"500", s3test.InternalError, backend.ErrUncertain, "InternalError (We encountered an internal error. Please try again.)"},
		{"504", s3test.GatewayTimeout, backend.ErrUncertain, "504"},
		{"slow", s3test.Slow, backend.ErrUncertain, "did not answer in time"},
		{"no ETag", s3test.NoETag, backend.ErrUncertain, "no ETag"},
		{"409", s3test.Conflict, backend.ErrConflict, ""},
		{"501", s3test.NotImplemented, s3.ErrUnconditional, "NotImplemented"},
		{"307", s3test.Redirect, nil, "redirects are not followed"},
		{"301", s3test.WrongRegion, nil, "put ?region=eu-west-3 into the URL"},
		{"400 too large", s3test.EntityTooLarge, backend.ErrTooLarge, ""},
		{"400 expired", s3test.Expired, nil, "the session has ended"},
		{"403 of a proxy", s3test.ForeignAnswer, nil, "403"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t)
			elsewhere := http.NewServeMux()
			var reached atomic.Bool
			elsewhere.HandleFunc("/", func(http.ResponseWriter, *http.Request) { reached.Store(true) })
			other := serveHTTP(t, elsewhere)
			server.SetRedirect(other)
			s := open(t, server, s3.Options{Conditional: true, Timeout: 300 * time.Millisecond})
			v, err := s.Save(t.Context(), []byte("first"), "")
			if err != nil {
				t.Fatal(err)
			}
			server.SetFault(func(*http.Request) s3test.Fault { return c.fault })
			_, err = s.Save(t.Context(), []byte("second"), v)
			if err == nil {
				t.Fatal("it succeeded")
			}
			for _, kind := range []error{backend.ErrUncertain, backend.ErrConflict, backend.ErrTooLarge, s3.ErrUnconditional} {
				if errors.Is(err, kind) != errors.Is(c.want, kind) {
					t.Errorf("it wraps %q: %v: %v", kind, errors.Is(err, kind), err)
				}
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("it does not say %q: %v", c.says, err)
			}
			if stored := string(server.Get(key)); stored == "second" && !errors.Is(c.want, backend.ErrUncertain) {
				t.Errorf("it was stored, and Save said %v", err)
			}
			if reached.Load() {
				t.Error("the request went to another host")
			}
		})
	}
}

func TestNothingWasSentWhereNobodyListens(t *testing.T) {
	server := s3test.New(false)
	s := open(t, server, s3.Options{Conditional: true})
	v, err := s.Save(t.Context(), []byte("first"), "")
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close() // the connection, of which nobody could say what the server has seen
	server.Close()
	_, err = s.Save(t.Context(), []byte("second"), v)
	if err == nil || errors.Is(err, backend.ErrUncertain) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("save: %v", err)
	}
	if _, err := s.Load(t.Context(), ""); err == nil || errors.Is(err, backend.ErrNoVault) {
		t.Errorf("load: %v", err)
	}
}

func TestLoadSaysWhatHappened(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault s3test.Fault
		once  bool   // with the first request alone
		want  error  // nil: any
		says  string // "": it succeeds
	}{
		{"drop once", s3test.DropBefore, true, nil, ""},
		{"503 once", s3test.Unavailable, true, nil, ""},
		{"500 once", s3test.InternalError, true, nil, ""},
		{"cut once", s3test.CutBody, true, nil, ""},
		{"weak ETag", s3test.WeakETag, false, nil, ""},
		{"503", s3test.Unavailable, false, nil, "SlowDown"},
		{"cut", s3test.CutBody, false, nil, "broke off"},
		{"slow", s3test.Slow, false, context.DeadlineExceeded, "did not answer in time"},
		{"no ETag", s3test.NoETag, false, nil, "no ETag"},
		{"without end", s3test.LongBody, false, backend.ErrTooLarge, "at most"},
		{"301", s3test.WrongRegion, false, nil, "region=eu-west-3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t)
			server.Put(key, []byte("text"))
			var n atomic.Int32
			server.SetFault(func(*http.Request) s3test.Fault {
				if n.Add(1) > 1 && c.once {
					return s3test.None
				}
				return c.fault
			})
			snap, err := open(t, server, s3.Options{MaxSize: 1 << 20, Timeout: 2 * time.Second}).Load(t.Context(), "")
			if c.says == "" {
				if err != nil || string(snap.Blob) != "text" || strings.HasPrefix(string(snap.Version), "W/") {
					t.Errorf("%q %q, %v", snap.Blob, snap.Version, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || c.want != nil && !errors.Is(err, c.want) || errors.Is(err, backend.ErrNoVault) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestBytesOfAnotherVersionAreNotTaken lets GET give the bytes of the document before
// under the ETag of the present one: who saved over that would lose the present one.
func TestBytesOfAnotherVersionAreNotTaken(t *testing.T) {
	for _, opaque := range []bool{false, true} {
		server := serve(t)
		server.SetOpaque(opaque)
		s := open(t, server, s3.Options{Conditional: true})
		v, err := s.Save(t.Context(), []byte("first"), "")
		if err != nil {
			t.Fatal(err)
		}
		if v, err = s.Save(t.Context(), []byte("second"), v); err != nil {
			t.Fatal(err)
		}
		var n atomic.Int32
		server.SetFault(func(*http.Request) s3test.Fault {
			if n.Add(1) == 1 {
				return s3test.TornGet
			}
			return s3test.None
		})
		if snap, err := s.Load(t.Context(), ""); err != nil || string(snap.Blob) != "second" || snap.Version != v {
			t.Errorf("opaque=%v: %q under %q, %v", opaque, snap.Blob, snap.Version, err)
		}
		n.Store(0)
		server.SetFault(func(*http.Request) s3test.Fault { return s3test.Fault(n.Add(1)%2) * s3test.TornGet })
		if snap, err := s.Load(t.Context(), ""); err == nil && string(snap.Blob) != "second" {
			t.Errorf("opaque=%v, every other time: %q", opaque, snap.Blob)
		}
	}
}

func TestADocumentThatGoesIsTold(t *testing.T) {
	server := serve(t)
	server.Put(key, []byte("text"))
	s := open(t, server, s3.Options{Poll: 5 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told, ended := make(chan backend.Snapshot), make(chan error)
	go func() { ended <- s.Watch(ctx, "", func(snap backend.Snapshot) { told <- snap }) }()
	if snap := <-told; string(snap.Blob) != "text" {
		t.Errorf("%q", snap.Blob)
	}
	server.Delete(key)
	if snap := <-told; snap.Version != "" {
		t.Errorf("after it went: %+v", snap)
	}
	server.Put(key, []byte("new"))
	if snap := <-told; string(snap.Blob) != "new" {
		t.Errorf("%q", snap.Blob)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
