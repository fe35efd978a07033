// Package s3test is a small server in memory that speaks as much of the protocol of
// S3 as backend/s3 needs, for tests: objects, conditional requests that are atomic,
// checked signatures, and faults on demand.
//
// It is no substitute for a real server: it was written together with the client.
// What it is good for are the faults, which a real one does not have when they are
// wanted.
package s3test

import (
	"crypto/md5" //nolint:gosec // it is what an ETag of S3 is
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/flask-vault/flask-vault/backend/aws"
)

// What the server takes for credentials.
const (
	Bucket          = "bucket"
	Region          = "eu-central-1"
	AccessKeyID     = "AKIDEXAMPLE"
	SecretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" //nolint:gosec // the one that AWS publishes for examples
)

// Fault is what goes wrong with one request.
type Fault int

// The faults.
const (
	None            Fault = iota
	DropBefore            // the connection is closed, and nothing is stored
	DropAfter             // it is stored, and the connection is closed without an answer
	Unavailable           // 503 SlowDown, and nothing is stored
	InternalError         // 500, and nothing is stored
	GatewayTimeout        // 504 without XML, and it is stored
	Slow                  // it is stored, and the answer takes until the client gives up
	Conflict              // 409 ConditionalRequestConflict, and nothing is stored
	NotImplemented        // 501, as for headers that a server does not know
	Redirect              // 307 to the host that SetRedirect names
	NoETag                // the answer has no ETag
	WeakETag              // it has a weak one, as proxies make it
	LongBody              // an answer that never ends
	CutBody               // an answer that ends early
	Expired               // 400 ExpiredToken
	WrongRegion           // 301 PermanentRedirect, and the region
	EntityTooLarge        // 400
	ForeignAnswer         // 403 with HTML, as a proxy's
	EchoCredentials       // 403, and the message has the session's token in it
	TornGet               // the ETag is that of the object, the bytes are those of the one before
)

// Conditions is how well the server honours conditions of writes.
type Conditions int

// From right to wrong.
const (
	Atomic  Conditions = iota
	Racy               // they are compared, and a moment later it is written
	Ignored            // it is written whatever they say
)

// Server is a bucket called "bucket" behind a URL. Start it with New.
type Server struct {
	url string
	hs  *httptest.Server

	mu         sync.Mutex
	objects    map[string]object
	fault      func(*http.Request) Fault
	conditions Conditions
	opaque     bool
	redirect   string
	requests   int
	tokens     map[string]bool // of sessions, "" for none
	down       bool
}

type object struct {
	blob   []byte
	etag   string
	before []byte // what was there before
}

// New starts a server on this computer's loopback. tls: with a certificate, for a
// client with the transport of [Server.Client].
func New(tls bool) *Server {
	s := &Server{objects: map[string]object{}, tokens: map[string]bool{"": true}}
	s.hs = httptest.NewUnstartedServer(s)
	s.hs.Config.ErrorLog = nil
	if tls {
		s.hs.StartTLS()
	} else {
		s.hs.Start()
	}
	s.url = s.hs.URL
	return s
}

// URL is the endpoint: http://127.0.0.1:PORT.
func (s *Server) URL() string { return s.url }

// Client is one that trusts the server's certificate.
func (s *Server) Client() *http.Client { return s.hs.Client() }

// Close ends the server.
func (s *Server) Close() {
	s.hs.CloseClientConnections()
	s.hs.Close()
}

// SetFault sets what goes wrong with each request from now on; nil: nothing.
func (s *Server) SetFault(f func(*http.Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// SetConditions sets how well conditions are honoured from now on.
func (s *Server) SetConditions(c Conditions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conditions = c
}

// SetOpaque makes ETags something else than the MD5, as they are with keys of a customer.
func (s *Server) SetOpaque(opaque bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opaque = opaque
}

// SetRedirect sets where [Redirect] leads.
func (s *Server) SetRedirect(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redirect = to
}

// SetTokens sets the session tokens that are good from now on; "" stands for requests without one.
func (s *Server) SetTokens(good ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = map[string]bool{}
	for _, t := range good {
		s.tokens[t] = true
	}
}

// SetDown lets the server close every connection at once, as if it was not there.
func (s *Server) SetDown(down bool) {
	s.mu.Lock()
	s.down = down
	s.mu.Unlock()
	if down {
		s.hs.CloseClientConnections()
	}
}

// Put stores an object whatever is there.
func (s *Server) Put(key string, blob []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = s.newObject(key, blob)
}

// Get is an object's content, nil if there is none.
func (s *Server) Get(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[key].blob
}

// Delete removes an object.
func (s *Server) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
}

// Keys are the names of all objects.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for k := range s.objects {
		all = append(all, k)
	}
	return all
}

// Requests is how many came in.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *Server) newObject(key string, blob []byte) object {
	sum := md5.Sum(blob) //nolint:gosec // as above
	if s.opaque {
		sum[0]++
	}
	return object{append([]byte(nil), blob...), `"` + hex.EncodeToString(sum[:]) + `"`, s.objects[key].blob}
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	fault := None
	if s.fault != nil {
		fault = s.fault(r)
	}
	down, redirect := s.down, s.redirect
	s.mu.Unlock()
	if down || fault == DropBefore {
		drop(w)
		return
	}
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		drop(w)
		return
	}
	if !s.known(w, r, payload) || simple(w, r, fault, redirect) {
		return
	}
	key, ok := strings.CutPrefix(r.URL.Path, "/"+Bucket+"/")
	if !ok {
		fail(w, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
		return
	}
	switch r.Method {
	case http.MethodGet:
		s.get(w, r, key, fault)
	case http.MethodPut:
		s.put(w, r, key, payload, fault)
	case http.MethodDelete:
		s.Delete(key)
		w.WriteHeader(http.StatusNoContent)
	default:
		fail(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "")
	}
}

// known checks who asks.
func (s *Server) known(w http.ResponseWriter, r *http.Request, payload []byte) bool {
	secretOf := func(id string) string { return map[string]string{AccessKeyID: SecretAccessKey}[id] }
	if err := aws.Verify(r, payload, secretOf, aws.Scope{Region: Region, Service: "s3"}, time.Now()); err != nil {
		code := "SignatureDoesNotMatch"
		if strings.Contains(err.Error(), "no such access key") {
			code = "InvalidAccessKeyId"
		}
		fail(w, http.StatusForbidden, code, err.Error())
		return false
	}
	s.mu.Lock()
	good := s.tokens[r.Header.Get("X-Amz-Security-Token")]
	s.mu.Unlock()
	if !good {
		fail(w, http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	}
	return good
}

// simple gives the answers of faults for which nothing is stored or read.
func simple(w http.ResponseWriter, r *http.Request, fault Fault, redirect string) bool {
	switch fault {
	case Unavailable:
		fail(w, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	case InternalError:
		fail(w, http.StatusInternalServerError, "InternalError", "We encountered an internal error.\nPlease try again.")
	case Conflict:
		fail(w, http.StatusConflict, "ConditionalRequestConflict", "")
	case NotImplemented:
		fail(w, http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented")
	case Redirect:
		http.Redirect(w, r, redirect+r.URL.Path, http.StatusTemporaryRedirect) //nolint:gosec // where the test wants it
	case Expired:
		fail(w, http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	case WrongRegion:
		w.Header().Set("X-Amz-Bucket-Region", "eu-west-3")
		fail(w, http.StatusMovedPermanently, "PermanentRedirect", "")
	case EntityTooLarge:
		fail(w, http.StatusBadRequest, "EntityTooLarge", "")
	case ForeignAnswer:
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<html><body>Please log in<br></body>")
	case EchoCredentials:
		fail(w, http.StatusForbidden, "AccessDenied", "not with "+r.Header.Get("X-Amz-Security-Token"))
	default:
		return false
	}
	return true
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, key string, fault Fault) {
	s.mu.Lock()
	o, ok := s.objects[key]
	s.mu.Unlock()
	switch {
	case !ok:
		fail(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
		return
	case r.Header.Get("If-None-Match") == o.etag:
		w.Header().Set("ETag", o.etag)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	setETag(w, o.etag, fault)
	switch fault {
	case TornGet:
		_, _ = w.Write(o.before)
	case Slow:
		<-r.Context().Done()
	case LongBody:
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	case CutBody:
		w.Header().Set("Content-Length", fmt.Sprint(len(o.blob)+100))
		_, _ = w.Write(o.blob)
		drop(w)
	default:
		w.Header().Set("Content-Length", fmt.Sprint(len(o.blob)))
		_, _ = w.Write(o.blob)
	}
}

func setETag(w http.ResponseWriter, etag string, fault Fault) {
	switch fault {
	case NoETag:
	case WeakETag:
		w.Header().Set("ETag", "W/"+etag)
	default:
		w.Header().Set("ETag", etag)
	}
}

func (s *Server) put(w http.ResponseWriter, r *http.Request, key string, payload []byte, fault Fault) {
	etag, status, code := s.store(r, key, payload)
	if status != http.StatusOK {
		fail(w, status, code, "")
		return
	}
	switch fault {
	case DropAfter:
		drop(w)
		return
	case GatewayTimeout:
		w.WriteHeader(http.StatusGatewayTimeout)
		return
	case Slow:
		<-r.Context().Done()
		return
	}
	setETag(w, etag, fault)
	w.WriteHeader(http.StatusOK)
}

// store writes an object if its conditions hold.
func (s *Server) store(r *http.Request, key string, payload []byte) (etag string, status int, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, exists := s.objects[key]
	if s.conditions != Ignored {
		match := r.Header.Get("If-Match")
		switch {
		case match != "" && !exists:
			return "", http.StatusNotFound, "NoSuchKey"
		case match != "" && match != "*" && match != o.etag, r.Header.Get("If-None-Match") == "*" && exists:
			return "", http.StatusPreconditionFailed, "PreconditionFailed"
		}
	}
	if s.conditions == Racy {
		s.mu.Unlock()
		time.Sleep(2 * time.Millisecond) // the race that such servers have
		s.mu.Lock()
	}
	o = s.newObject(key, payload)
	s.objects[key] = o
	return o.etag, http.StatusOK, ""
}

func drop(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			if t, ok := c.(*net.TCPConn); ok {
				_ = t.SetLinger(0)
			}
			_ = c.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

func fail(w http.ResponseWriter, status int, code, message string) {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
		RequestID     string `xml:"RequestId"`
	}{Code: code, Message: message, RequestID: hex.EncodeToString(id[:])})
}
