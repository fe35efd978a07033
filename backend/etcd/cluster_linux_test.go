package etcd_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend/etcd"
)

// The users of the cluster. app may do everything below /app/, and reader read there.
var passwords = map[string]string{"root": "hunter2-root", "app": "hunter2-app", "reader": "hunter2-reader"}

// cluster is one of three servers with mutual TLS and users, or of one without
// either.
type cluster struct {
	dir    string
	plain  bool
	ca     *authority
	server pair
	client pair // with an empty subject
	nodes  []*node
	http   *http.Client
}

// node is one server.
type node struct {
	c          *cluster
	name       string
	port, peer int

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

// shared is the cluster that most tests use, each below a key of its own.
var shared struct {
	once    sync.Once
	cluster *cluster
	err     error
}

// patience is how long a test waits for what is to happen for certain.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.cluster != nil {
		shared.cluster.stop()
	}
	os.Exit(code)
}

// requireEtcd stops a test where etcd is missing: with a failure if
// FLASK_VAULT_INTEROP=1, as .ci/run sets it, and else by skipping.
func requireEtcd(t testing.TB) {
	t.Helper()
	_, missing := exec.LookPath("etcd")
	switch {
	case missing == nil:
	case os.Getenv("FLASK_VAULT_INTEROP") == "1":
		t.Fatalf("etcd is missing (%v; Debian: etcd-server), and FLASK_VAULT_INTEROP=1 asks for it", missing)
	default:
		t.Skipf("etcd is missing (%v; Debian: etcd-server); FLASK_VAULT_INTEROP=1 makes this a failure", missing)
	}
}

// running is the shared cluster.
func running(t testing.TB) *cluster {
	t.Helper()
	requireEtcd(t)
	shared.once.Do(func() { shared.cluster, shared.err = start(3, false) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

// alone is a server without TLS and users, which ends with the test.
func alone(t testing.TB) *cluster {
	t.Helper()
	requireEtcd(t)
	c, err := start(1, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	return c
}

// start starts a cluster on free ports. Another process may take one of them
// before a server does; then it tries with others.
func start(size int, plain bool) (c *cluster, err error) {
	for range 3 {
		if c, err = try(size, plain); err == nil {
			return c, nil
		}
	}
	return nil, err
}

func try(size int, plain bool) (*cluster, error) {
	dir, err := os.MkdirTemp("", "flask-vault-etcd-")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, plain: plain}
	ports, err := freePorts(2 * size)
	if err == nil {
		err = c.certificates()
	}
	if err != nil {
		c.stop()
		return nil, err
	}
	for i := range size {
		c.nodes = append(c.nodes, &node{c: c, name: fmt.Sprintf("n%d", i), port: ports[2*i], peer: ports[2*i+1]})
	}
	for _, n := range c.nodes {
		if err = n.start(); err != nil {
			break
		}
	}
	if err == nil {
		err = c.ready()
	}
	if err == nil && !plain {
		err = c.users()
	}
	if err != nil {
		logs := c.logs()
		c.stop()
		return nil, fmt.Errorf("the cluster does not come up: %w\n%s", err, logs)
	}
	return c, nil
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at once, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func (c *cluster) certificates() (err error) {
	if c.ca, err = newAuthority(c.dir); err != nil {
		return err
	}
	if c.server, err = c.ca.issue("server", 2, "etcd server"); err != nil {
		return err
	}
	if c.client, err = c.ca.issue("client", 3, ""); err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.ca.cert)
	cert, err := tls.LoadX509KeyPair(c.client.cert, c.client.key)
	c.http = &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}},
	}
	return err
}

func (c *cluster) scheme() string {
	if c.plain {
		return "http://"
	}
	return "https://"
}

func (n *node) url() string     { return fmt.Sprintf("%s127.0.0.1:%d", n.c.scheme(), n.port) }
func (n *node) peerURL() string { return fmt.Sprintf("%s127.0.0.1:%d", n.c.scheme(), n.peer) }
func (n *node) log() string     { return filepath.Join(n.c.dir, n.name+".log") }

// start starts the server, with the data that it had.
func (n *node) start() error {
	var members []string
	for _, m := range n.c.nodes {
		members = append(members, m.name+"="+m.peerURL())
	}
	args := []string{
		"--name", n.name, "--data-dir", filepath.Join(n.c.dir, n.name),
		"--listen-client-urls", n.url(), "--advertise-client-urls", n.url(),
		"--listen-peer-urls", n.peerURL(), "--initial-advertise-peer-urls", n.peerURL(),
		"--initial-cluster", strings.Join(members, ","),
		"--logger", "zap", "--log-outputs", n.log(),
	}
	if !n.c.plain {
		for _, prefix := range []string{"--", "--peer-"} {
			args = append(args, prefix+"cert-file", n.c.server.cert, prefix+"key-file", n.c.server.key,
				prefix+"trusted-ca-file", n.c.ca.file(), prefix+"client-cert-auth")
		}
	}
	cmd := exec.Command("etcd", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	exited, started := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(exited)
		runtime.LockOSThread() // the signal comes when the thread ends, not the process
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // killed
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cmd, n.exited = cmd, exited
	return nil
}

// signal sends SIGKILL, SIGSTOP or SIGCONT, and waits for the end of what is killed.
func (n *node) signal(s syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Signal(s) // it may have ended
	if s == syscall.SIGKILL {
		<-n.exited
		n.cmd = nil
	}
}

func (c *cluster) stop() {
	for _, n := range c.nodes {
		n.signal(syscall.SIGKILL)
	}
	_ = os.RemoveAll(c.dir)
}

func (c *cluster) logs() string {
	var b strings.Builder
	for _, n := range c.nodes {
		text, _ := os.ReadFile(n.log())
		fmt.Fprintf(&b, "%s: %s\n", n.name, text[max(0, len(text)-2000):])
	}
	return b.String()
}

// ask sends a request to the gateway of one server.
func (n *node) ask(path, token string, request, reply any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPost, n.url()+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	response, err := n.c.http.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %s", path, response.StatusCode, text)
	}
	return json.Unmarshal(text, reply)
}

type object = map[string]any

// admin asks as root.
func (c *cluster) admin(path string, request, reply any) error {
	var login struct{ Token string }
	var err error
	for _, n := range c.nodes {
		if !c.plain {
			if err = n.ask("/v3/auth/authenticate", "", object{"name": "root", "password": passwords["root"]}, &login); err != nil {
				continue
			}
		}
		if err = n.ask(path, login.Token, request, reply); err == nil {
			return nil
		}
	}
	return err
}

func (c *cluster) users() error {
	n := c.nodes[0]
	for _, step := range []struct {
		path    string
		request object
	}{
		{"user/add", object{"name": "root", "password": passwords["root"]}},
		{"role/add", object{"name": "root"}},
		{"user/grant", object{"user": "root", "role": "root"}},
		{"user/add", object{"name": "app", "password": passwords["app"]}},
		{"role/add", object{"name": "app"}},
		{"role/grant", object{"name": "app", "perm": object{"permType": "READWRITE", "key": []byte("/app/"), "range_end": []byte("/app0")}}},
		{"user/grant", object{"user": "app", "role": "app"}},
		{"user/add", object{"name": "reader", "password": passwords["reader"]}},
		{"role/add", object{"name": "reader"}},
		{"role/grant", object{"name": "reader", "perm": object{"permType": "READ", "key": []byte("/app/"), "range_end": []byte("/app0")}}},
		{"user/grant", object{"user": "reader", "role": "reader"}},
		{"enable", object{}},
	} {
		if err := n.ask("/v3/auth/"+step.path, "", step.request, new(object)); err != nil {
			return err
		}
	}
	return nil
}

// status is what a server says of itself. leader is "0" where it knows none.
type status struct {
	Header struct {
		MemberID string `json:"member_id"`
	} `json:"header"`
	Leader string `json:"leader"`
}

// ready waits until all servers that run know one leader.
func (c *cluster) ready() error {
	return eventually(func() error {
		leaders := map[string]bool{}
		for _, n := range c.nodes {
			var s status
			if err := n.ask("/v3/maintenance/status", "", object{}, &s); err != nil {
				return err
			}
			leaders[s.Leader] = true
		}
		if len(leaders) != 1 || leaders["0"] || leaders[""] {
			return errors.New("there is no one leader")
		}
		return nil
	})
}

// roles are the leader and another server.
func (c *cluster) roles() (leader, follower *node, err error) {
	err = eventually(func() error {
		for i, n := range c.nodes {
			var s status
			if err := n.ask("/v3/maintenance/status", "", object{}, &s); err != nil {
				return err
			}
			if s.Leader == s.Header.MemberID {
				leader, follower = n, c.nodes[(i+1)%len(c.nodes)]
				return nil
			}
		}
		return errors.New("no server is the leader")
	})
	return leader, follower, err
}

// eventually repeats what may fail for a while.
func eventually(act func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := act()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// endpoints are the hosts of a URL.
func (c *cluster) endpoints() string {
	var hosts []string
	for _, n := range c.nodes {
		hosts = append(hosts, fmt.Sprintf("127.0.0.1:%d", n.port))
	}
	return strings.Join(hosts, ",")
}

// options are those of a user.
func (c *cluster) options(user string) etcd.Options {
	if c.plain {
		return etcd.Options{}
	}
	o := etcd.Options{CAFile: c.ca.file(), CertFile: c.client.cert, KeyFile: c.client.key}
	if user != "" {
		o.User = user
		o.Password = func(context.Context) (string, error) { return passwords[user], nil }
	}
	return o
}

// open makes a client for the key as a user, asking the servers at hosts, or all of them.
func (c *cluster) open(t testing.TB, user, key string, hosts ...string) *etcd.Store {
	t.Helper()
	at := c.endpoints()
	if len(hosts) > 0 {
		at = strings.Join(hosts, ",")
	}
	scheme := "etcd://"
	if c.plain {
		scheme = "etcd+http://"
	}
	s, err := etcd.Open(scheme+at+key, c.options(user))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (n *node) host() string { return fmt.Sprintf("127.0.0.1:%d", n.port) }

// keys are all keys that begin so, as root sees them.
func (c *cluster) keys(t testing.TB, prefix string) []string {
	t.Helper()
	var reply struct {
		KVs []struct{ Key []byte } `json:"kvs"`
	}
	end := []byte(prefix)
	end[len(end)-1]++
	err := eventually(func() error {
		return c.admin("/v3/kv/range", object{"key": []byte(prefix), "range_end": end, "keys_only": true}, &reply)
	})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, kv := range reply.KVs {
		keys = append(keys, string(kv.Key))
	}
	return keys
}

// raw is the value of a key.
func (c *cluster) raw(t testing.TB, key string) string {
	t.Helper()
	var reply struct {
		KVs []struct{ Value string } `json:"kvs"`
	}
	if err := eventually(func() error { return c.admin("/v3/kv/range", object{"key": []byte(key)}, &reply) }); err != nil {
		t.Fatal(err)
	}
	if len(reply.KVs) != 1 {
		t.Fatalf("%s has %d values", key, len(reply.KVs))
	}
	value, err := base64.StdEncoding.DecodeString(reply.KVs[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	return string(value)
}

// put and del change keys as root, and compact forgets all that is past.
func (c *cluster) put(t testing.TB, key, value string) {
	t.Helper()
	if err := eventually(func() error {
		return c.admin("/v3/kv/put", object{"key": []byte(key), "value": []byte(value)}, new(object))
	}); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) del(t testing.TB, key string) {
	t.Helper()
	if err := eventually(func() error {
		return c.admin("/v3/kv/deleterange", object{"key": []byte(key)}, new(object))
	}); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) compact(t testing.TB) {
	t.Helper()
	err := eventually(func() error {
		var reply struct {
			Header struct{ Revision string } `json:"header"`
		}
		if err := c.admin("/v3/kv/range", object{"key": []byte("/")}, &reply); err != nil {
			return err
		}
		err := c.admin("/v3/kv/compaction", object{"revision": reply.Header.Revision, "physical": true}, new(object))
		if err != nil && strings.Contains(err.Error(), "has been compacted") {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
