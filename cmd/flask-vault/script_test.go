package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flask-vault/flask-vault/backend/s3/s3test"
)

// TestScript runs the sessions in testdata/script. What each of them pins is
// told in its first lines. Beside the commands of testscript they have
//
//	exits CODE COMMAND...     the command ends with exactly this code
//	umask MASK COMMAND...     the command runs under this umask
//	mode MODE FILE...         the files have these permission bits
//	same FILE FILE            the two names are one file, not merely equal
//	as-nobody COMMAND...      flask-vault without root's rights
//	sealed FILE               the file is an envelope, not plaintext and not empty
//	webserver VARIABLE DIR    the variable gets the URL of a server with TLS that serves the directory with ETags and writes what
//	                          it answers to DIR.log; ca.pem has what it is signed with
//	webserver VARIABLE end    nobody listens there any more
//	s3server VARIABLE CHANGE...  a server that speaks S3, and what is wrong with it from now on: see s3Server
//	answers VARIABLE STATUS FILE  the variable gets the URL of a server on this machine that answers everything so
//	freeport VARIABLE         the variable gets a port that nobody listens on
//
// Files under bin/ are programs on the PATH, which is how a script brings its
// own editors. $VECTORS has vaults of the real Flask-Vault, $CHECKOUT is this module. HOME and XDG_RUNTIME_DIR are directories of the script.
func TestScript(t *testing.T) {
	heedSignals(t)
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Setup:              setupScript,
		Condition:          condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"umask":     umask,
			"mode":      mode,
			"same":      same,
			"sealed":    sealed,
			"freeport":  freePort,
			"webserver": webServer,
			"answers":   answers,
			"s3server":  s3Server,
		},
	})
}

// heedSignals undoes for the scripts what nohup and a shell's & do: a signal that
// this process ignores would be ignored by all that it starts, and they would be
// right to. One that it handles has its default in them.
func heedSignals(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(sig) {
			c := make(chan os.Signal, 1)
			signal.Notify(c, sig)
			t.Cleanup(func() { signal.Stop(c) })
		}
	}
}

func setupScript(env *testscript.Env) error {
	// as-nobody must be able to reach the script's files by their full path.
	if err := os.Chmod(filepath.Dir(env.WorkDir), 0o711); err != nil {
		return err
	}
	env.Values[s3Servers{}] = map[string]*s3test.Server{}
	env.Values[webServers{}] = map[string]*httptest.Server{}
	bin := filepath.Join(env.WorkDir, "bin")
	programs, err := os.ReadDir(bin)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, p := range programs {
		if err := os.Chmod(filepath.Join(bin, p.Name()), 0o755); err != nil {
			return err
		}
	}
	vectors, err := filepath.Abs("../../backend/testdata/flask-vault")
	if err != nil {
		return err
	}
	checkout, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	env.Setenv("VECTORS", vectors)
	env.Setenv("CHECKOUT", checkout)
	env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
	for name, variable := range map[string]string{"home": "HOME", "run": "XDG_RUNTIME_DIR"} {
		dir := filepath.Join(env.WorkDir, "."+name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		env.Setenv(variable, dir)
	}
	return privateMemory(env)
}

// privateMemory puts a script's XDG_RUNTIME_DIR into memory where there is
// shared memory, and links .run to it. Else the plaintext of all scripts, also of
// those that are killed, would lie in one /dev/shm, and doctor of one script
// would find what another left.
func privateMemory(env *testscript.Env) error {
	dir, err := os.MkdirTemp("/dev/shm", "flask-vault-script-*")
	if err != nil {
		return nil // this system has none, so nothing is shared either
	}
	env.Defer(func() { _ = os.RemoveAll(dir) })
	env.Setenv("XDG_RUNTIME_DIR", dir)
	run := filepath.Join(env.WorkDir, ".run")
	if err := os.Remove(run); err != nil {
		return err
	}
	return os.Symlink(dir, run)
}

func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "etcd":
		_, err := exec.LookPath("etcd")
		if err != nil && os.Getenv("FLASK_VAULT_INTEROP") == "1" {
			return false, fmt.Errorf("etcd is missing (Debian: etcd-server), and FLASK_VAULT_INTEROP=1 asks for it: %w", err)
		}
		return err == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// umask goes through a shell, since a mask belongs to a whole process.
func umask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: umask MASK COMMAND...")
	}
	ts.Check(ts.Exec("sh", append([]string{"-c", `umask "$0"; exec "$@"`}, args...)...))
}

func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode MODE FILE...")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, name := range args[1:] {
		info, err := os.Lstat(ts.MkAbs(name))
		ts.Check(err)
		if got := info.Mode().Perm(); got != fs.FileMode(want) {
			ts.Fatalf("%s has mode %04o, want %04o", name, got, want)
		}
	}
}

func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same FILE FILE")
	}
	var infos [2]fs.FileInfo
	for i, name := range args {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		infos[i] = info
	}
	if os.SameFile(infos[0], infos[1]) == neg {
		ts.Fatalf("same file: %v", neg)
	}
}

func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: answers VARIABLE STATUS FILE")
	}
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	body := ts.ReadFile(args[2])
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
}

func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport VARIABLE")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv(args[0], port)
}

// envelope is at least a nonce and a tag, 28 bytes, in URL-safe base64 with padding.
var envelope = regexp.MustCompile(`^(?:[\w-]{4}){9,}(?:[\w-]{2}==|[\w-]{3}=|[\w-]{4})\s*$`)

func sealed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sealed FILE")
	}
	if !envelope.MatchString(ts.ReadFile(args[0])) {
		ts.Fatalf("%s is not an envelope", args[0])
	}
}
