package team

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// within is how soon every program has to have a new value after it was saved.
const within = 5 * time.Second

// TestTeam is the story: two people change values while two servers run, a server of
// the store dies, a person leaves. Nothing is lost, and every program has each
// new value within five seconds.
func TestTeam(t *testing.T) {
	for _, program := range []string{"etcd", "git", "ssh-keygen", "age-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("FLASK_VAULT_INTEROP") != "" {
				t.Fatal(err)
			}
			t.Skipf("SKIPPED: %v (Debian: etcd-server git openssh-client age); FLASK_VAULT_INTEROP=1 makes this a failure", err)
		}
	}
	w := newWorld(t)
	url := "etcd+http://" + strings.Join(w.cluster.addresses(), ",") + "/shop/production"

	// Ann begins: a repository, a vault in the store, a key that is wrapped for her.
	w.run("", "git", "init", "-q", "--bare", "-b", "main", filepath.Join(w.dir, "shop.git"))
	ann := w.person("ann")
	ann.ok("git clone -q ../../../shop.git . 2>/dev/null")
	ann.ok("export FLASK_VAULT_ENV=default; flask-vault init -q && printf first | flask-vault set -q db.password -")
	ann.write("flask-vault.yaml", "version: 1\nkeysource: [age, file]\nenvironments:\n  production:\n    credentials: "+url+"\n    keysource: [age]\n")
	ann.ok("FLASK_VAULT_ENV=default flask-vault team add ann ~/.ssh/id_ed25519.pub")
	ann.ok("mv master.key ~/safe.key")
	ann.ok("flask-vault remote trust " + url)
	ann.ok("FLASK_VAULT_ENV=default flask-vault copy --from file --to env:production")

	// Bob, Carol and two servers join.
	bob, carol := w.person("bob"), w.person("carol")
	one, two := w.server("one"), w.server("two")
	for _, m := range []*member{bob, carol, one, two} {
		ann.ok(fmt.Sprintf("FLASK_VAULT_ENV=default flask-vault team add %s '%s'", m.name, m.recipient))
	}
	ann.ok("git add . && git commit -q -m 'the team' && git push -q origin HEAD:main")
	for _, m := range []*member{bob, carol, one, two} {
		m.ok("git clone -q ../../../shop.git . 2>/dev/null && flask-vault remote trust " + url)
	}
	one.serve()
	two.serve()
	w.seen("first", time.Minute, one, two) // they start, which is no change

	// Both people change the document, each in a clone of their own.
	bob.ok("printf second | flask-vault set db.password -")
	w.seen("second", within, one, two)
	carol.ok("printf 'from carol' | flask-vault set api.key -")
	bob.ok("printf 'from bob' | flask-vault set smtp.key -")

	// The server that leads the cluster dies.
	w.cluster.killLeader()
	ann.retry("printf third | flask-vault set db.password -")
	w.seen("third", within, one, two)

	// Carol leaves: a new key, for the others, and the secrets that she has seen.
	out := ann.ok("flask-vault team remove carol")
	for _, name := range []string{"db.password", "api.key", "smtp.key"} {
		if !strings.Contains(out, name) {
			t.Errorf("%s is not on the list of what carol has seen:\n%s", name, out)
		}
	}
	ann.ok("git add . && git commit -q -m 'carol leaves' && git push -q origin HEAD:main")
	for _, m := range []*member{bob, carol, one, two} {
		m.ok("git pull -q origin main")
	}
	// The copy for the day when every member's key is lost has to be a new one.
	if out, err := ann.sh("flask-vault get db.password --keysource file:$HOME/safe.key"); err == nil {
		t.Errorf("the old copy of the key still opens the vault: %s", out)
	}
	ann.ok("flask-vault key copy --to file:$HOME/safe-2.key")
	if got := ann.ok("flask-vault get db.password --keysource file:$HOME/safe-2.key"); got != "third\n" {
		t.Errorf("with the new copy of the key db.password is %q", got)
	}
	if out, err := carol.sh("flask-vault get db.password"); err == nil || strings.Contains(out, "third") {
		t.Errorf("carol still reads: %s", out)
	}
	bob.retry("printf fourth | flask-vault set db.password -")
	w.seen("fourth", within, one, two)

	// Nothing is lost.
	for name, want := range map[string]string{"db.password": "fourth", "api.key": "from carol", "smtp.key": "from bob"} {
		if got := one.ok("flask-vault get " + name); got != want+"\n" {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	for _, app := range []*member{one, two} {
		if got := strings.Fields(app.log()); !strings.HasPrefix("first second third fourth", strings.Join(got, " ")) || len(got) != 4 {
			t.Errorf("%s ran with %q", app.name, got)
		}
	}
}

// world has everything: programs, people, servers and the cluster.
type world struct {
	*testing.T
	dir     string
	bin     string
	cluster *cluster
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, dir: t.TempDir()}
	w.bin = filepath.Join(w.dir, "bin")
	w.run("../../..", "go", "build", "-o", w.bin+"/", "./cmd/flask-vault", "./cmd/flask-vault-pluginhost", "./cmd/flask-vault-remote")
	w.run("../../../plugins/age", "go", "build", "-tags", "grpcnotrace", "-o", filepath.Join(w.bin, "flask-vault-age"), ".")
	w.cluster = newCluster(t, w.dir)
	return w
}

func (w *world) run(dir, name string, args ...string) {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		w.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// seen waits until programs run with a value, and fails if that takes longer than it may.
func (w *world) seen(value string, most time.Duration, apps ...*member) {
	w.Helper()
	begin := time.Now()
	for _, app := range apps {
		for !strings.HasSuffix(app.log(), value+"\n") {
			if time.Since(begin) > most+time.Minute {
				w.Fatalf("%s never has %q, but %q\n%s", app.name, value, app.log(), app.errors())
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	took := time.Since(begin)
	w.Logf("%s: after %v", value, took.Round(time.Millisecond))
	if took > most {
		w.Errorf("%q reached all programs after %v", value, took)
	}
}

// member is a person or a server, with a home and a checkout.
type member struct {
	*world
	name, home, shop string
	recipient        string // the public key
	environment      []string
}

func (w *world) member(name string) *member {
	w.Helper()
	m := &member{world: w, name: name, home: filepath.Join(w.dir, "homes", name)}
	m.shop = filepath.Join(m.home, "shop")
	for _, d := range []string{m.shop, filepath.Join(m.home, "run")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			w.Fatal(err)
		}
	}
	m.environment = []string{
		"PATH=" + w.bin + ":" + os.Getenv("PATH"), "HOME=" + m.home, "XDG_RUNTIME_DIR=" + filepath.Join(m.home, "run"), "TMPDIR=" + m.home,
		"LC_ALL=C.UTF-8", "FLASK_VAULT_ENV=production",
		"GIT_AUTHOR_NAME=" + name, "GIT_AUTHOR_EMAIL=" + name + "@example.com", "GIT_COMMITTER_NAME=" + name, "GIT_COMMITTER_EMAIL=" + name + "@example.com",
	}
	m.ok("FLASK_VAULT_ENV=default flask-vault plugin install " + filepath.Join(w.bin, "flask-vault-age"))
	return m
}

// person has an SSH key.
func (w *world) person(name string) *member {
	w.Helper()
	m := w.member(name)
	m.ok("mkdir -m 700 ~/.ssh && ssh-keygen -q -t ed25519 -N '' -C " + name + " -f ~/.ssh/id_ed25519")
	m.recipient = strings.TrimSpace(m.ok("cat ~/.ssh/id_ed25519.pub"))
	return m
}

// server has an identity of age in a file.
func (w *world) server(name string) *member {
	w.Helper()
	m := w.member(name)
	m.environment = append(m.environment, "AGE_IDENTITY_FILE="+filepath.Join(m.home, "identity"))
	m.ok("age-keygen -o ~/identity 2>/dev/null")
	m.recipient = strings.TrimSpace(m.ok("age-keygen -y ~/identity"))
	return m
}

func (m *member) command(script string) *exec.Cmd {
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir, cmd.Env = m.shop, m.environment
	return cmd
}

// sh returns what a script prints.
func (m *member) sh(script string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := m.command(script)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s: %s: %w\n%s", m.name, script, err, stderr.Bytes())
	}
	return stdout.String(), err
}

func (m *member) ok(script string) string {
	m.Helper()
	out, err := m.sh(script)
	if err != nil {
		m.Fatal(err)
	}
	return out
}

// retry does what a person does whose command says that the store could not be
// reached, or that it is not certain whether it saved.
func (m *member) retry(script string) {
	m.Helper()
	for end := time.Now().Add(2 * time.Minute); ; {
		_, err := m.sh(script)
		var exit *exec.ExitError
		if err == nil {
			return
		}
		if !errors.As(err, &exit) || exit.ExitCode() != 12 || time.Now().After(end) {
			m.Fatal(err)
		}
	}
}

func (m *member) write(name, text string) {
	m.Helper()
	if err := os.WriteFile(filepath.Join(m.shop, name), []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
}

// serve runs a program that notes which password it was started with.
func (m *member) serve() {
	m.Helper()
	cmd := m.command(`exec flask-vault exec --watch --only db.password -- sh -c 'echo "$DB_PASSWORD" >>../log; exec sleep 1000'`)
	stderr, err := os.Create(filepath.Join(m.home, "errors"))
	if err != nil {
		m.Fatal(err)
	}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		_ = stderr.Close()
	})
}

func (m *member) log() string {
	text, _ := os.ReadFile(filepath.Join(m.home, "log"))
	return string(text)
}

func (m *member) errors() string {
	text, _ := os.ReadFile(filepath.Join(m.home, "errors"))
	return string(text)
}

// cluster is three etcd servers on this machine.
type cluster struct {
	*testing.T
	ports []int
	nodes []*exec.Cmd
}

func newCluster(t *testing.T, dir string) *cluster {
	c := &cluster{T: t}
	peers := []int{}
	for range 3 {
		c.ports, peers = append(c.ports, freePort(t)), append(peers, freePort(t))
	}
	initial := fmt.Sprintf("n0=http://127.0.0.1:%d,n1=http://127.0.0.1:%d,n2=http://127.0.0.1:%d", peers[0], peers[1], peers[2])
	for i, port := range c.ports {
		client, peer := fmt.Sprintf("http://127.0.0.1:%d", port), fmt.Sprintf("http://127.0.0.1:%d", peers[i])
		node := exec.Command("etcd", "--name", fmt.Sprintf("n%d", i), "--data-dir", filepath.Join(dir, fmt.Sprintf("etcd%d", i)), "--log-level", "error",
			"--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", initial)
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, node)
		t.Cleanup(func() {
			_ = node.Process.Kill()
			_ = node.Wait()
		})
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if leader := c.leader(); leader >= 0 {
			return c
		}
		if time.Now().After(end) {
			t.Fatal("the cluster has no leader")
		}
	}
}

// freePort is one that nobody listens on now.
func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (c *cluster) addresses() []string {
	var all []string
	for _, port := range c.ports {
		all = append(all, fmt.Sprintf("127.0.0.1:%d", port))
	}
	return all
}

// leader is the number of the server that leads, or -1.
func (c *cluster) leader() int {
	for i, address := range c.addresses() {
		resp, err := http.Post("http://"+address+"/v3/maintenance/status", "application/json", strings.NewReader("{}")) //nolint:noctx // a server on this machine
		if err != nil {
			continue
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		var status struct {
			Leader string `json:"leader"`
			Header struct {
				MemberID string `json:"member_id"`
			} `json:"header"`
		}
		if err == nil && json.Unmarshal(text, &status) == nil && status.Leader != "" && status.Leader == status.Header.MemberID {
			return i
		}
	}
	return -1
}

func (c *cluster) killLeader() {
	c.Helper()
	leader := c.leader()
	if leader < 0 {
		c.Fatal("the cluster has no leader")
	}
	if err := c.nodes[leader].Process.Kill(); err != nil {
		c.Fatal(err)
	}
	c.Logf("server %d is killed", leader)
}
