package plugins

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/internal/wire"
	keysourcev1 "github.com/flask-vault/flask-vault/plugins/proto/keysource/v1"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// DescribeFlag makes a plugin print what it is, as the reply to a describe
// request of docs/plugin-protocol.md, and end.
const DescribeFlag = external.DescribeFlag

// aloneFor is how long a plugin waits for its host to connect.
const aloneFor = time.Minute

// Serve is the main function of a plugin: it answers the program that started
// it with the sources that New makes, and ends the process with it. New is
// called once for each call, with the settings of the user's configuration.
func Serve(info Info, New keysource.Factory) {
	os.Exit(serve(info, New))
}

func serve(info Info, New keysource.Factory) int {
	d := info.description()
	if err := d.Check(); err != nil {
		fmt.Fprintf(os.Stderr, "this plugin cannot be used: %v\n", err)
		return 1
	}
	if slices.Contains(os.Args[1:], DescribeFlag) {
		if err := json.NewEncoder(os.Stdout).Encode(external.Reply{Description: &d}); err != nil {
			return 1
		}
		return 0
	}
	if os.Getenv(wire.CookieKey) != wire.CookieValue {
		fmt.Fprintf(os.Stderr, "This is %s %s, a key source plugin of Flask-Vault, and does nothing by itself.\n"+
			"Install it:  flask-vault plugin install %s\n", d.Name, d.Version, os.Args[0])
		return 1
	}
	if err := answer(info, New); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", d.Name, err)
		return 1
	}
	return 0
}

// answer shakes hands with the host and serves it until it hangs up.
func answer(info Info, New keysource.Factory) error {
	signal.Ignore(os.Interrupt) // Ctrl-C is the host's, which ends us
	out, err := takeStdout()
	if err != nil {
		return err
	}
	config, der, err := mutualTLS()
	if err != nil {
		return err
	}
	l, err := listen()
	if err != nil {
		return err
	}
	life := newLife()
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(config)),
		grpc.MaxRecvMsgSize(wire.MaxMessage), grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.WaitForHandlers(false),
	)
	keysourcev1.RegisterKeySourceServer(server, &service{info: info, make: New})
	registerControl(server, life)
	if _, err := fmt.Fprintf(out, "%d|%d|%s|%s|grpc|%s\n", wire.CoreVersion, version(),
		l.Addr().Network(), l.Addr(), base64.RawStdEncoding.EncodeToString(der)); err != nil {
		return err
	}
	go func() {
		life.wait(aloneFor)
		server.Stop()
	}()
	return server.Serve(l)
}

// version is the highest version of the contract that the host speaks too, or
// ours, which the host then refuses with a good message.
func version() int {
	best := 0
	for _, v := range strings.Split(os.Getenv(wire.EnvVersions), ",") {
		if n, err := strconv.Atoi(v); err == nil && n == trust.Contract && n > best {
			best = n
		}
	}
	if best == 0 {
		return trust.Contract
	}
	return best
}

// mutualTLS makes our certificate and trusts the host's alone.
func mutualTLS() (config *tls.Config, der []byte, err error) {
	hosts := x509.NewCertPool()
	if !hosts.AppendCertsFromPEM([]byte(os.Getenv(wire.EnvClientCert))) {
		return nil, nil, errors.New("the host offers no mutual TLS, which this plugin insists on")
	}
	cert, err := wire.NewCertificate()
	if err != nil {
		return nil, nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    hosts,
		MinVersion:   tls.VersionTLS13,
		ServerName:   wire.ServerName,

		SessionTicketsDisabled: true,
	}, cert.Certificate[0], nil
}

// listen opens a socket in the host's private directory; Windows has a port of
// the loopback address instead.
func listen() (net.Listener, error) {
	if runtime.GOOS == "windows" {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	dir := os.Getenv(wire.EnvSocketDir)
	if dir == "" {
		return nil, fmt.Errorf("the host names no directory in %s", wire.EnvSocketDir)
	}
	return net.Listen("unix", filepath.Join(dir, "plugin"))
}

// life ends when the host says so, hangs up, or never calls.
type life struct {
	called chan struct{} // a token once the host has connected
	over   chan struct{} // a token once it is gone
}

func newLife() *life { return &life{called: make(chan struct{}, 1), over: make(chan struct{}, 1)} }

func (l *life) begin() { put(l.called) }

func (l *life) end() { put(l.over) }

func put(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (l *life) wait(alone time.Duration) {
	select {
	case <-l.called:
		<-l.over
	case <-l.over:
	case <-time.After(alone):
	}
}

// follow lasts as long as the host's stream: when it dies, so do we.
func (l *life) follow(ctx context.Context) {
	l.begin()
	<-ctx.Done()
	l.end()
}
