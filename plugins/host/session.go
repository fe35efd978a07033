package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"os/exec"

	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/internal/wire"
	"github.com/flask-vault/flask-vault/plugins/launch"
	keysourcev1 "github.com/flask-vault/flask-vault/plugins/proto/keysource/v1"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

const (
	socketPrefix = "flask-vault-plugin-"
	staleAfter   = time.Hour   // a directory that old belongs to a host that was killed
	settle       = time.Second // how long the end of a plugin may take to be seen
)

// session is one life of a plugin.
type session struct {
	name    string
	o       external.Options
	program *launch.Program
	env     []string
	words   *launch.Words
	dir     string // private, holds the socket until we are connected
	client  *goplugin.Client

	over   context.Context // done when the session ends
	finish context.CancelFunc

	mu     sync.Mutex
	proc   *launch.Process
	stdout *firstLine
	stderr *lastWords
	reason error // why the plugin was stopped before its time
	conns  []*grpc.ClientConn
}

func newSession(name string, record trust.Record, program *launch.Program, o external.Options) (*session, error) {
	base := socketBase()
	sweep(base)
	dir, err := os.MkdirTemp(base, socketPrefix)
	if err != nil {
		return nil, &external.Error{Code: external.NotStarted, Message: "there is no place for its socket: " + err.Error(), Err: err}
	}
	cert, err := wire.NewCertificate()
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, &external.Error{Code: external.NotStarted, Message: "make a certificate: " + err.Error(), Err: err}
	}
	s := &session{
		name: name, o: o, program: program, dir: dir,
		env:   launch.Environment(record.Environment),
		words: launch.NewWords(func(line string) { o.Words(name, line) }),
	}
	s.over, s.finish = context.WithCancel(context.Background())
	s.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		VersionedPlugins: map[int]goplugin.PluginSet{trust.Contract: {"keysource": contract{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		SkipHostEnv:      true,
		RunnerFunc:       s.newRunner(wire.PEM(cert)),
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: dir},
		MaxPort:          1, // with a lowest port of 0: let the system choose, where there are no sockets
		StartTimeout:     o.StartTimeout + settle,
		Logger:           hclog.NewNullLogger(),
		Stderr:           s.words,
		GRPCDialOptions:  s.dialOptions(),
		// Not AutoMTLS: that is the same exchange with P-521 certificates, which
		// take 30 ms to make. No root is trusted until the plugin names its own.
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{cert},
			RootCAs:      x509.NewCertPool(),
			ServerName:   wire.ServerName,
			MinVersion:   tls.VersionTLS13,
		},
	})
	return s, nil
}

// contract makes go-plugin hand out the client of our service.
type contract struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (contract) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this program is a host")
}

func (contract) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return keysourcev1.NewKeySourceClient(c), nil
}

// start starts the plugin and connects to it.
func (s *session) start(ctx context.Context) (keysourcev1.KeySourceClient, error) {
	defer context.AfterFunc(ctx, func() { s.stop(gaveUp(ctx)) })()
	limit := time.AfterFunc(s.o.StartTimeout, func() {
		s.stop(&external.Error{Code: external.StartTimeout, Message: fmt.Sprintf("it did not say hello within %v and was killed", s.o.StartTimeout)})
	})
	_, err := s.client.Start()
	if !limit.Stop() && err == nil {
		err = errors.New("too late")
	}
	if err != nil {
		return nil, s.whyNotStarted(err)
	}
	// From here on the call's own time runs, connecting included.
	limit = time.AfterFunc(s.o.CallTimeout, s.expire)
	defer limit.Stop()
	protocol, err := s.client.Client()
	if err == nil {
		var api any
		if api, err = protocol.Dispense("keysource"); err == nil {
			_ = os.RemoveAll(s.dir) // connected: from now on not even a kill -9 of this program leaves a socket
			return api.(keysourcev1.KeySourceClient), nil
		}
	}
	return nil, s.whyFailed(ctx, err)
}

func (s *session) expire() {
	s.stop(&external.Error{Code: external.CallTimeout, Message: fmt.Sprintf("it did not answer within %v and was killed", s.o.CallTimeout), Err: context.DeadlineExceeded})
}

func gaveUp(ctx context.Context) error {
	return &external.Error{Code: external.Canceled, Message: "the call was given up", Err: context.Cause(ctx)}
}

// stop ends the plugin early. The first reason is the one that counts.
func (s *session) stop(reason error) {
	s.mu.Lock()
	if s.reason == nil {
		s.reason = reason
	}
	s.mu.Unlock()
	s.finish()
	s.kill()
}

// kill ends the process, if there is one, once all that it wrote on its standard
// error was read.
func (s *session) kill() {
	s.mu.Lock()
	p, stderr := s.proc, s.stderr
	s.mu.Unlock()
	if p == nil {
		return
	}
	p.End()
	select {
	case <-stderr.heard:
	case <-time.After(settle): // something that left its group holds the pipe open
	}
	p.Kill()
}

// close ends the plugin and everything that go-plugin has for it.
func (s *session) close() {
	s.stop(errors.New("closed"))
	s.mu.Lock()
	conns := s.conns
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
	// The process is gone by now, so this only collects go-plugin's goroutines;
	// by itself it would wait for a plugin that does not end, without a limit.
	s.client.Kill()
	s.words.Flush()
	_ = os.RemoveAll(s.dir)
}

// whyNotStarted finds the reason behind go-plugin's error, which is about
// go-plugin and holds raw output of the plugin.
func (s *session) whyNotStarted(err error) error {
	s.mu.Lock()
	reason, stdout, proc := s.reason, s.stdout, s.proc
	s.mu.Unlock()
	switch {
	case reason != nil:
		return reason
	case proc == nil:
		return &external.Error{Code: external.NotStarted, Message: launch.Printable(err.Error(), 200), Err: err}
	case stdout.problem() != nil:
		return stdout.problem()
	case proc.Status() == "exit status 0":
		return &external.Error{Code: external.NoReply, Message: "it ended before the handshake, as if all were well; is it a Flask-Vault plugin?"}
	}
	return &external.Error{Code: external.Crashed, Message: "it ended before the handshake (" + proc.Status() + "); is it a Flask-Vault plugin?"}
}

// newRunner makes go-plugin start the checked program, and in our way.
func (s *session) newRunner(certPEM []byte) func(hclog.Logger, *exec.Cmd, string) (runner.Runner, error) {
	return func(_ hclog.Logger, spec *exec.Cmd, dir string) (runner.Runner, error) {
		env := append(s.env, spec.Env...)
		env = append(env, wire.EnvClientCert+"="+string(certPEM))
		return &pluginRunner{s: s, env: env, dir: dir}, nil
	}
}

// socketBase is a directory whose name is short enough for a socket in it.
func socketBase() string {
	// Of the 103 bytes that a socket's path may have on macOS (Linux: 107), our
	// directory takes 30, go-plugin's in it 21, and the socket up to 17.
	const room = 103 - 30 - 21 - 17
	for _, dir := range []string{os.TempDir(), os.Getenv("XDG_RUNTIME_DIR")} {
		if dir != "" && len(dir) <= room && filepath.IsAbs(dir) {
			return dir
		}
	}
	return "/tmp"
}

// sweep removes the directories of hosts that were killed while their plugin
// was starting.
func sweep(base string) {
	found, _ := filepath.Glob(filepath.Join(base, socketPrefix+"*"))
	for _, dir := range found {
		info, err := os.Lstat(dir)
		if err == nil && info.IsDir() && time.Since(info.ModTime()) > staleAfter && strings.HasPrefix(filepath.Base(dir), socketPrefix) {
			_ = os.RemoveAll(dir) // another user's cannot be removed
		}
	}
}
