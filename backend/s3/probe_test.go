package s3_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/s3"
	"github.com/flask-vault/flask-vault/backend/s3/s3test"
)

func serveHTTP(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name       string
		conditions s3test.Conditions
		good       bool
	}{{"atomic", s3test.Atomic, true}, {"racy", s3test.Racy, false}, {"ignored", s3test.Ignored, false}} {
		t.Run(c.name, func(t *testing.T) {
			server := serve(t)
			server.SetConditions(c.conditions)
			server.Put(key, []byte("somebody's"))
			s := open(t, server, s3.Options{})
			if err := s.Probe(t.Context()); (err == nil) != c.good || !c.good && !errors.Is(err, s3.ErrUnconditional) {
				t.Errorf("probe: %v", err)
			}
			if keys := server.Keys(); !slices.Equal(keys, []string{key}) {
				t.Errorf("it left %q", keys)
			}
			snap, err := s.Load(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Save(t.Context(), []byte("new"), snap.Version)
			if (err == nil) != c.good || !c.good && !errors.Is(err, s3.ErrUnconditional) {
				t.Errorf("save: %v", err)
			}
			if got := string(server.Get(key)); got != map[bool]string{true: "new", false: "somebody's"}[c.good] {
				t.Errorf("stored is %q", got)
			}
		})
	}
}

// TestAServerThatIgnoresConditionsLosesNothing also where the operator vouches for
// it, and where the document that is saved over is another by now.
func TestAServerThatIgnoresConditionsLosesNothing(t *testing.T) {
	for _, conditional := range []bool{false, true} {
		server := serve(t)
		server.SetConditions(s3test.Ignored)
		server.Put(key, []byte("somebody's"))
		s := open(t, server, s3.Options{Conditional: conditional})
		for _, prev := range []backend.Version{"", `"0123"`} {
			if _, err := s.Save(t.Context(), []byte("mine"), prev); !errors.Is(err, s3.ErrUnconditional) || errors.Is(err, backend.ErrUncertain) {
				t.Errorf("conditional=%v: %v", conditional, err)
			}
		}
		if got := string(server.Get(key)); got != "somebody's" {
			t.Errorf("conditional=%v: stored is %q", conditional, got)
		}
		// Once it is mended, saving works without another Open.
		server.SetConditions(s3test.Atomic)
		snap, err := s.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Save(t.Context(), []byte("mine"), snap.Version); err != nil {
			t.Errorf("conditional=%v: %v", conditional, err)
		}
	}
}

func TestAProbeThatCannotTellDoesNotVouch(t *testing.T) {
	for _, fault := range []s3test.Fault{s3test.InternalError, s3test.DropBefore, s3test.ForeignAnswer, s3test.DropAfter} {
		server := serve(t)
		server.SetFault(func(r *http.Request) s3test.Fault {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, ".probe-") {
				return fault
			}
			return s3test.None
		})
		s := open(t, server, s3.Options{Timeout: time.Second})
		_, err := s.Save(t.Context(), []byte("text"), "")
		if err == nil || errors.Is(err, backend.ErrUncertain) || errors.Is(err, backend.ErrConflict) || server.Get(key) != nil {
			t.Errorf("%v: save: %v", fault, err)
		}
		server.SetFault(nil)
		if _, err := s.Save(t.Context(), []byte("text"), ""); err != nil {
			t.Errorf("%v: save afterwards: %v", fault, err)
		}
	}
}

func TestTheProbeIsMadeOnce(t *testing.T) {
	for _, c := range []struct {
		conditional bool
		most        int
	}{{false, 100}, {true, 2}} {
		server := serve(t)
		s := open(t, server, s3.Options{Conditional: c.conditional})
		v, err := s.Save(t.Context(), []byte("0"), "")
		if err != nil {
			t.Fatal(err)
		}
		probe := server.Requests() - 1
		if probe > c.most {
			t.Errorf("conditional=%v: %d requests", c.conditional, probe)
		}
		for range 3 {
			if v, err = s.Save(t.Context(), []byte("text of "+v), v); err != nil {
				t.Fatal(err)
			}
		}
		if n := server.Requests() - probe; n != 4 {
			t.Errorf("conditional=%v: 4 saves made %d requests", c.conditional, n)
		}
	}
}

// TestAProbeThatCannotBeRemovedIsTold: else each command that saves would leave an object.
func TestAProbeThatCannotBeRemovedIsTold(t *testing.T) {
	server := serve(t)
	server.SetFault(func(r *http.Request) s3test.Fault {
		if r.Method == http.MethodDelete {
			return s3test.ForeignAnswer
		}
		return s3test.None
	})
	s := open(t, server, s3.Options{})
	if _, err := s.Save(t.Context(), []byte("text"), ""); err == nil || !strings.Contains(err.Error(), "s3:DeleteObject for "+key+".probe-*") || server.Get(key) != nil {
		t.Errorf("save: %v", err)
	}
	if err := s.Probe(t.Context()); err == nil {
		t.Error("the probe found nothing")
	}
	if _, err := open(t, server, s3.Options{Conditional: true}).Save(t.Context(), []byte("text"), ""); err != nil {
		t.Errorf("a short probe leaves nothing: %v", err)
	}
}
