package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flask-vault/flask-vault/backend/s3/s3test"
)

// s3Servers is the key under which a script has its servers, by their variables.
type s3Servers struct{}

// s3Server starts a server or changes one:
//
//	s3server VARIABLE            the variable gets the URL of a new one
//	s3server VARIABLE CHANGE...  see s3Changes
//	s3server VARIABLE only KEY   the bucket has this object and no other
func s3Server(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: s3server VARIABLE [CHANGE...]")
	}
	servers := ts.Value(s3Servers{}).(map[string]*s3test.Server)
	s := servers[args[0]]
	if s == nil {
		s = s3test.New(false)
		ts.Defer(s.Close)
		servers[args[0]] = s
		ts.Setenv(args[0], s.URL())
	}
	if len(args) == 3 && args[1] == "only" {
		if keys := s.Keys(); len(keys) != 1 || keys[0] != args[2] {
			ts.Fatalf("the bucket has %q", keys)
		}
		return
	}
	for _, name := range args[1:] {
		change, ok := s3Changes[name]
		if !ok {
			ts.Fatalf("s3server: no change is called %q", name)
		}
		change(s)
	}
}

var s3Changes = map[string]func(*s3test.Server){
	"down":    func(s *s3test.Server) { s.SetDown(true) }, // each connection is closed at once
	"up":      func(s *s3test.Server) { s.SetDown(false) },
	"end":     (*s3test.Server).Close, // nobody listens any more
	"ignored": func(s *s3test.Server) { s.SetConditions(s3test.Ignored) },
	"racy":    func(s *s3test.Server) { s.SetConditions(s3test.Racy) },
	"atomic":  func(s *s3test.Server) { s.SetConditions(s3test.Atomic) },
	"session": func(s *s3test.Server) { s.SetTokens("session-token") }, // requests need this one
	"user":    func(s *s3test.Server) { s.SetTokens("") },
	"well":    func(s *s3test.Server) { s.SetFault(nil) },
	"slowdown": func(s *s3test.Server) {
		s.SetFault(func(*http.Request) s3test.Fault { return s3test.Unavailable })
	},
	"echo": func(s *s3test.Server) { // refuses, and says what it was sent
		s.SetFault(func(*http.Request) s3test.Fault { return s3test.EchoCredentials })
	},
	"unanswered": func(s *s3test.Server) { // stores, and says nothing
		s.SetFault(func(r *http.Request) s3test.Fault {
			if r.Method == http.MethodPut && !strings.Contains(r.URL.Path, ".probe-") {
				return s3test.DropAfter
			}
			return s3test.None
		})
	},
	"unstored": func(s *s3test.Server) { // neither
		s.SetFault(func(r *http.Request) s3test.Fault {
			if r.Method == http.MethodPut && !strings.Contains(r.URL.Path, ".probe-") {
				return s3test.DropBefore
			}
			return s3test.None
		})
	},
}

// webServers is the key under which a script has its web servers, by their variables.
type webServers struct{}

func webServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: webserver VARIABLE DIR|end")
	}
	servers := ts.Value(webServers{}).(map[string]*httptest.Server)
	if args[1] == "end" {
		servers[args[0]].CloseClientConnections()
		servers[args[0]].Close()
		return
	}
	dir := ts.MkAbs(args[1])
	log, err := os.OpenFile(dir+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	ts.Check(err)
	ts.Defer(func() { _ = log.Close() })
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &answered{ResponseWriter: w, status: http.StatusOK}
		if text, err := os.ReadFile(filepath.Join(dir, filepath.Base(r.URL.Path))); err != nil {
			http.NotFound(answer, r)
		} else {
			w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(text)))
			http.ServeContent(answer, r, "", time.Time{}, bytes.NewReader(text))
		}
		fmt.Fprintf(log, "%s %d %s\n", r.Method, answer.status, r.Header.Get("Authorization"))
	}))
	ts.Defer(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), ca, 0o600))
	servers[args[0]] = s
	ts.Setenv(args[0], s.URL)
}

// answered notes the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}
