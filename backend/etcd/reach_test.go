package etcd_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/etcd"
)

// listen serves each connection at a port of this machine, and counts them.
func listen(t *testing.T, serve func(net.Conn)) (host string, accepted chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	accepted = make(chan struct{}, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- struct{}{}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String(), accepted
}

// refused is a port where nobody listens.
func refused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func takeAndClose(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 64<<10)) // whatever comes
}

func reply(status, body string) func(net.Conn) {
	return func(conn net.Conn) {
		takeAndClose(conn)
		_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nConnection: close\r\n\r\n"+body)
	}
}

// TestWhatASaveMaySay has servers that fail in each way, and looks at who is asked and
// what a save says then.
func TestWhatASaveMaySay(t *testing.T) {
	const saved = `{"header":{"revision":"7"},"succeeded":true}`
	for what, test := range map[string]struct {
		serve func(net.Conn)
		want  error // of a save
		load  error
		text  string
	}{
		"closes after the request": {takeAndClose, backend.ErrUncertain, backend.ErrUnreachable, ""},
		"half a reply":             {reply("200 OK\r\nContent-Length: 100", saved[:20]), backend.ErrUncertain, backend.ErrUnreachable, ""},
		"a reply that is none":     {reply("200 OK", "<html>"), backend.ErrUncertain, backend.ErrUnreachable, ""},
		"another's reply":          {reply("200 OK", `{"header":{},"succeeded":true}`), backend.ErrUncertain, nil, ""},
		"a proxy's error":          {reply("502 Bad Gateway", "upstream"), backend.ErrUncertain, backend.ErrUnreachable, ""},
		"a timeout inside":         {reply("503 Service Unavailable", `{"error":"etcdserver: request timed out","code":14}`), backend.ErrUncertain, backend.ErrUnreachable, ""},
		"the new form of that":     {reply("503 Service Unavailable", `{"code":14,"message":"etcdserver: request timed out","details":[]}`), backend.ErrUncertain, backend.ErrUnreachable, ""},
		"too large":                {reply("400 Bad Request", `{"error":"etcdserver: request is too large","code":3}`), backend.ErrTooLarge, backend.ErrTooLarge, "--max-request-bytes"},
		"no space":                 {reply("429 Too Many Requests", `{"code":8,"message":"etcdserver: mvcc: database space exceeded"}`), nil, nil, "database is full"},
		"no gateway":               {reply("404 Not Found", "404 page not found"), nil, nil, "--enable-grpc-gateway"},
		"a redirect":               {reply("302 Found\r\nLocation: http://127.0.0.1:1/", ""), nil, nil, "HTTP status 302"},
		"saved":                    {reply("200 OK", saved), errNone, backend.ErrNoVault, ""},
	} {
		t.Run(what, func(t *testing.T) {
			host, asked := listen(t, test.serve)
			s, err := etcd.Open("etcd+http://"+host+"/a", etcd.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			v, err := s.Save(t.Context(), []byte("text"), "3")
			switch {
			case errors.Is(test.want, errNone):
				if err != nil || v != "7" {
					t.Errorf("save: %v, version %q", err, v)
				}
			case err == nil || test.want != nil && !errors.Is(err, test.want):
				t.Errorf("save: %v, want %v", err, test.want)
			case !strings.Contains(err.Error(), test.text):
				t.Errorf("save: %v, want %q", err, test.text)
			case test.want == nil && (errors.Is(err, backend.ErrUncertain) || errors.Is(err, backend.ErrUnreachable)):
				t.Errorf("save: %v", err)
			}
			if !errors.Is(test.want, errNone) {
				if n := len(asked); n != 1 {
					t.Errorf("a save was sent %d times", n)
				}
			}
			if _, err := s.Load(t.Context(), ""); test.load != nil && !errors.Is(err, test.load) {
				t.Errorf("load: %v, want %v", err, test.load)
			}
		})
	}
}

var errNone = errors.New("none")

// TestOthersAreAsked: where a server surely got nothing, a save goes to the next.
func TestOthersAreAsked(t *testing.T) {
	good, _ := listen(t, reply("200 OK", `{"header":{"revision":"7"},"succeeded":true}`))
	for range 6 { // whoever is drawn to be the first
		s, err := etcd.Open("etcd+http://"+refused(t)+","+good+","+refused(t)+"/a", etcd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := s.Save(t.Context(), []byte("text"), "3"); err != nil || v != "7" {
			t.Errorf("save: %v, %q", err, v)
		}
		_ = s.Close()
	}
	s, err := etcd.Open("etcd+http://"+refused(t)+","+refused(t)+"/a", etcd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Save(t.Context(), []byte("text"), "")
	if !errors.Is(err, backend.ErrUnreachable) || errors.Is(err, backend.ErrUncertain) || strings.Count(err.Error(), ": connection refused") != 2 ||
		strings.Contains(err.Error(), "dial") || strings.Contains(err.Error(), "connect:") {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestASilentServer never answers; the time of the options, or of the context, ends that.
func TestASilentServer(t *testing.T) {
	silent, asked := listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	s, err := etcd.Open("etcd+http://"+silent+"/a", etcd.Options{Timeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(asked) != 0 {
		t.Error("Open dials")
	}
	begun := time.Now()
	if _, err := s.Load(t.Context(), ""); !errors.Is(err, backend.ErrUnreachable) || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("load: %v", err)
	}
	if _, err := s.Save(t.Context(), []byte("text"), ""); !errors.Is(err, backend.ErrUncertain) {
		t.Errorf("save: %v", err)
	}
	if took := time.Since(begun); took > patienceOfOne {
		t.Errorf("it took %v", took)
	}
	// More than any reply has.
	flood, _ := listen(t, func(conn net.Conn) {
		takeAndClose(conn)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		zeros := make([]byte, 1<<20)
		for {
			if _, err := conn.Write(zeros); err != nil {
				return
			}
		}
	})
	s, err = etcd.Open("etcd+http://"+flood+"/a", etcd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Load(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("load of a flood: %v", err)
	}
}

const patienceOfOne = 30 * time.Second

// TestASilentServerLeavesTimeForOthers: a load comes to the one that answers, whoever is
// drawn to be the first.
func TestASilentServerLeavesTimeForOthers(t *testing.T) {
	silent, _ := listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	good, _ := listen(t, reply("200 OK", `{"header":{"revision":"7"},"kvs":[{"key":"L2E=","mod_revision":"7","value":"dGV4dA=="}]}`))
	for range 4 {
		s, err := etcd.Open("etcd+http://"+silent+","+good+"/a", etcd.Options{Timeout: 3 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if snap, err := s.Load(t.Context(), ""); err != nil || string(snap.Blob) != "text" {
			t.Errorf("%q, %v", snap.Blob, err)
		}
		_ = s.Close()
	}
}

// TestTLSIsNotGuessed: a server without it is told as such.
func TestTLSIsNotGuessed(t *testing.T) {
	host, _ := listen(t, reply("400 Bad Request", ""))
	s, err := etcd.Open("etcd://"+host+"/a", etcd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Load(t.Context(), ""); !errors.Is(err, backend.ErrUnreachable) || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("load: %v", err)
	}
}
