package oskeyring

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
)

// need skips a test where a program is missing, and fails it where
// FLASK_VAULT_INTEROP=1 says that nothing may be missing.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			missing(t, fmt.Sprintf("%s is not installed (Debian: apt-get install gnome-keyring dbus)", p))
		}
	}
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("FLASK_VAULT_INTEROP") == "1" {
		t.Fatal(what)
	}
	t.Skip("NOT TESTED: " + what)
}

func TestKernelKeyring(t *testing.T) {
	if _, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true); err != nil {
		missing(t, "the kernel has no keyrings here: "+err.Error())
	}
	s := keysource.Settings{"service": fmt.Sprintf("flask-vault test %d", os.Getpid()), "backend": "kernel"}
	name := description(s["service"], defaultAccount)
	keysourcetest.Run(t, keysourcetest.Harness{
		New: New, Settings: s,
		Put: func(text []byte) error {
			_, err := unix.AddKey(kernelType, name, text, unix.KEY_SPEC_USER_KEYRING)
			return err
		},
	})
}

// session is a private D-Bus session with a GNOME Keyring of its own. It is the
// test binary that runs inside, as the test of that name.
type session struct {
	t    *testing.T
	home string
}

func newSession(t *testing.T) session {
	need(t, "dbus-run-session", "gnome-keyring-daemon")
	home, err := os.MkdirTemp("", "kr") // short: it holds sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	return session{t, home}
}

// inside is the variable that tells the test binary what it is to do in a session.
const inside = "FLASK_VAULT_TEST_INSIDE"

func (s session) run(test, password string) {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("dbus-run-session", "--", "sh", "-euc", `
		printf %s "$PASSWORD" | gnome-keyring-daemon --unlock --components=secrets >/dev/null
		exec "$0" -test.run "^$1\$" -test.v -test.count 1`, self, test)
	cmd.Env = []string{inside + "=1", "PASSWORD=" + password, "PATH=" + os.Getenv("PATH"), "HOME=" + s.home}
	for name, dir := range map[string]string{"XDG_RUNTIME_DIR": "run", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache"} {
		path := filepath.Join(s.home, dir)
		if err := os.MkdirAll(filepath.Join(path, "keyrings"), 0o700); err != nil {
			s.t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, name+"="+path)
	}
	cmd.WaitDelay = 5 * time.Second // the daemon may hold the pipes a little longer
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		s.t.Errorf("inside the session: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: "+test) {
		s.t.Errorf("%s did not pass inside the session:\n%s", test, out)
	}
}

// TestSecretService runs the suite against a real GNOME Keyring, finds the key
// again in a second session, and meets a locked keyring in a third.
func TestSecretService(t *testing.T) {
	s := newSession(t)
	s.run("TestInsideConformance", "open sesame")
	s.run("TestInsideKeep", "open sesame")
	s.run("TestInsideFind", "open sesame")
	s.run("TestInsideLocked", "wrong")
}

func onlyInside(t *testing.T) {
	t.Helper()
	if os.Getenv(inside) == "" {
		t.Skip("runs in the session that TestSecretService starts")
	}
}

func TestInsideConformance(t *testing.T) {
	onlyInside(t)
	keysourcetest.Run(t, keysourcetest.Harness{
		New: New, Settings: keysource.Settings{"service": "shop \u00fc", "account": "a b"},
		Put: func(text []byte) error { return system{}.set("shop \u00fc", "a b", string(text)) },
	})
}

func kept(t *testing.T) (keysource.Source, keysource.Key) {
	src, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	k, err := keysource.KeyFromBytes([]byte("kept for a while"))
	if err != nil {
		t.Fatal(err)
	}
	return src, k
}

func TestInsideKeep(t *testing.T) {
	onlyInside(t)
	src, k := kept(t)
	if err := src.(keysource.Saver).Save(t.Context(), k); err != nil {
		t.Error(err)
	}
}

func TestInsideFind(t *testing.T) {
	onlyInside(t)
	src, k := kept(t)
	if got, err := src.Load(t.Context()); err != nil || !got.Equal(k) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestInsideLocked(t *testing.T) {
	onlyInside(t)
	src, _ := kept(t)
	start := time.Now()
	_, err := src.Load(t.Context())
	var e *external.Error
	if !errors.As(err, &e) || e.Code != external.Locked {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > patience+5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestNoSessionBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	if reachable() == nil {
		t.Skip("NOT TESTED: this user has a session bus")
	}
	src, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var e *external.Error
	if _, err := src.Load(t.Context()); !errors.As(err, &e) || e.Code != external.Unavailable {
		t.Errorf("got %v", err)
	}
}
