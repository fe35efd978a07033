package docs

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// etcdShown is where the documents say that an etcd server is.
const etcdShown = "localhost:2379"

// etcdServer is one that a session uses; the zero value is none.
type etcdServer struct{ address, pid string }

// shown is a text with the server where the documents have it.
func (s etcdServer) shown(text string) string {
	if s.pid == "" {
		return text
	}
	return strings.ReplaceAll(text, s.address, etcdShown)
}

// etcdFor starts a server for a session that needs one. Where there is no etcd, such
// a session is skipped, and fails if FLASK_VAULT_INTEROP=1.
func etcdFor(t *testing.T, steps []step) (server etcdServer, stop func()) {
	t.Helper()
	speaks := func(s step) bool { return strings.Contains(s.command+s.want, etcdShown) }
	if !slices.ContainsFunc(steps, speaks) {
		return etcdServer{address: etcdShown}, func() {}
	}
	if _, err := exec.LookPath("etcd"); err != nil {
		if os.Getenv("FLASK_VAULT_INTEROP") == "1" {
			t.Fatal("etcd is missing (Debian: etcd-server), and FLASK_VAULT_INTEROP=1 asks for it")
		}
		t.Skip("SKIPPED: etcd is missing (Debian: etcd-server); FLASK_VAULT_INTEROP=1 makes this a failure")
	}
	dir := t.TempDir()
	for range 3 { // another process may take a port before the server does
		client, peer := freePort(t), freePort(t)
		cmd := exec.Command("etcd", "--data-dir", dir, "--log-level", "error",
			"--listen-client-urls", "http://127.0.0.1:"+client, "--advertise-client-urls", "http://127.0.0.1:"+client,
			"--listen-peer-urls", "http://127.0.0.1:"+peer, "--initial-advertise-peer-urls", "http://127.0.0.1:"+peer,
			"--initial-cluster", "default=http://127.0.0.1:"+peer)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = cmd.Wait() // reaps it at once, so that a session sees its end
		}()
		stop := func() {
			_ = cmd.Process.Kill()
			<-ended
		}
		if answers("http://127.0.0.1:"+client+"/health", ended) {
			return etcdServer{"localhost:" + client, strconv.Itoa(cmd.Process.Pid)}, stop
		}
		stop()
	}
	t.Fatal("etcd does not answer")
	return etcdServer{}, nil
}

func answers(url string, ended <-chan struct{}) bool {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		resp, err := http.Get(url) //nolint:gosec // our own server
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-ended:
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	return false
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
