//go:build unix

package host_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/internal/wire"
	keysourcev1 "github.com/flask-vault/flask-vault/plugins/proto/keysource/v1"
)

// fixedKey is the key of every plugin here that has one.
const fixedKey = "MDEyMzQ1Njc4OWFiY2RlZg=="

// source is a source whose Load is a function.
type source struct {
	load func(context.Context) (keysource.Key, error)
}

func (source) Name() string { return "test" }

func (s source) Load(ctx context.Context) (keysource.Key, error) { return s.load(ctx) }

func good(context.Context) (keysource.Key, error) { return keysource.ParseKey([]byte(fixedKey)) }

// serve is a plugin built on our SDK.
func serve(load func(context.Context) (keysource.Key, error)) {
	plugins.Serve(plugins.Info{Name: "test", Version: "1.0.0", Settings: []string{"file"}},
		func(keysource.Settings) (keysource.Source, error) { return source{load}, nil })
}

// behave is the plugin of that name. It does not return to the tests.
func behave(mode string) {
	switch mode {
	case "good":
		serve(good)
	case "file": // a source that keeps its key in a file, for the conformance suite
		plugins.Serve(plugins.Info{Name: "file", Version: "1.0.0", Saves: true, Deletes: true, Settings: []string{"file"}}, newFile)
	case "stock":
		stock(wire.CookieValue, 1)
	case "probe":
		serve(func(context.Context) (keysource.Key, error) { return keysource.Key{}, errors.New(probe()) })
	case "prompt":
		serve(prompts)
	case "words":
		serve(func(ctx context.Context) (keysource.Key, error) {
			fmt.Fprint(os.Stderr, "one \x1b]0;pwned\x07\n{\"@level\":\"error\",\"@message\":\"two\"}\nlast")
			fmt.Println("printed")
			return good(ctx)
		})

	case "crash-start":
		fmt.Fprintln(os.Stderr, "cannot find my configuration")
		os.Exit(3)
	case "exit-0":
		os.Exit(0)
	case "hang-start":
		select {}
	case "garbage":
		fmt.Print("\x1b]0;pwned\x07 hello\nthere\n")
		select {}
	case "megabyte":
		fmt.Print(strings.Repeat("x", 1<<20))
		select {}
	case "closes-stdout":
		os.Stdout.Close()
		select {}
	case "cookie":
		stock("another", 1)
	case "older":
		fmt.Println("1|0|unix|" + socket("p") + "|grpc|")
		select {}
	case "newer":
		stock(wire.CookieValue, 9)
	case "core":
		fmt.Println("2|1|unix|" + socket("p") + "|grpc|")
		select {}
	case "netrpc":
		fmt.Println("1|1|unix|" + socket("p") + "|netrpc|")
		select {}
	case "tcp":
		fmt.Println("1|1|tcp|127.0.0.1:1|grpc|" + certificate(newCertificate()))
		select {}
	case "elsewhere":
		fmt.Println("1|1|unix|/tmp/elsewhere|grpc|" + certificate(newCertificate()))
		select {}
	case "no-tls":
		fmt.Println("1|1|unix|" + listen("p").Addr().String() + "|grpc|")
		select {}
	case "plain": // says that it has TLS and has not
		raw(grpc.NewServer(), &misbehaving{}, newCertificate())
	case "bad-certificate":
		fmt.Println("1|1|unix|" + listen("p").Addr().String() + "|grpc|" + strings.Repeat("AAAA", 100))
		select {}
	case "wrong-certificate":
		raw(tlsServer(newCertificate()), &misbehaving{}, newCertificate())
	case "never-accepts":
		fmt.Println("1|1|unix|" + listen("p").Addr().String() + "|grpc|" + certificate(newCertificate()))
		select {}

	case "crash-call":
		serve(func(context.Context) (keysource.Key, error) { os.Exit(2); return keysource.Key{}, nil })
	case "killed-call":
		serve(func(context.Context) (keysource.Key, error) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		})
	case "panic":
		serve(func(context.Context) (keysource.Key, error) { panic("at the disco") })
	case "hang-call":
		serve(func(context.Context) (keysource.Key, error) {
			fmt.Fprintln(os.Stderr, "hanging")
			select {}
		})
	case "floods":
		serve(func(ctx context.Context) (keysource.Key, error) {
			line := strings.Repeat("y", 200) + "\n"
			for range 5000 {
				fmt.Fprint(os.Stderr, line)
			}
			return good(ctx)
		})
	case "short-key":
		misbehave(func() *keysourcev1.LoadResponse { return key([]byte("short")) })
	case "empty-key":
		misbehave(func() *keysourcev1.LoadResponse { return key([]byte{}) })
	case "no-result":
		misbehave(func() *keysourcev1.LoadResponse { return &keysourcev1.LoadResponse{} })
	case "huge":
		misbehave(func() *keysourcev1.LoadResponse { return key(make([]byte, 1<<20)) })
	case "status":
		misbehave(nil)
	case "lingers":
		serve(func(ctx context.Context) (keysource.Key, error) {
			linger(&syscall.SysProcAttr{})
			return good(ctx)
		})
	case "escapes":
		serve(func(ctx context.Context) (keysource.Key, error) {
			linger(&syscall.SysProcAttr{Setsid: true})
			return good(ctx)
		})
	default:
		fmt.Fprintln(os.Stderr, "no such mode:", mode)
		os.Exit(99)
	}
}

// linger starts a child that holds our pipes and does not end.
func linger(attr *syscall.SysProcAttr) {
	c := exec.Command("sleep", "1000")
	c.Stdout, c.Stderr, c.SysProcAttr = os.Stderr, os.Stderr, attr
	if err := c.Start(); err != nil {
		panic(err)
	}
}

func prompts(ctx context.Context) (keysource.Key, error) {
	user, err := plugins.Prompt(ctx, "User")
	if err != nil {
		return keysource.Key{}, err
	}
	password, err := plugins.PromptSecret(ctx, "Password of "+user)
	if err != nil {
		return keysource.Key{}, err
	}
	if user != "ada" || password != "lovelace" {
		return keysource.Key{}, plugins.Errorf(plugins.Denied, "wrong password")
	}
	return good(ctx)
}

// probe says what a plugin can see of its host.
func probe() string {
	stdin, err := io.ReadAll(os.Stdin)
	var names []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		names = append(names, name)
	}
	_, tty := os.Open("/dev/tty")
	fds, _ := os.ReadDir("/proc/self/fd")
	files := 0
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.Contains(to, "host-secret") {
			files++
		}
	}
	return fmt.Sprintf("stdin %q %v; terminal %v; leads its group %v; files of the host %d; environment %s",
		stdin, err, tty == nil, syscall.Getpgrp() == os.Getpid(), files, strings.Join(names, " "))
}

// stock is a plugin built on hashicorp/go-plugin itself, with nothing of ours
// but the generated code.
func stock(cookie string, version int) {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: wire.CookieKey, MagicCookieValue: cookie},
		VersionedPlugins: map[int]goplugin.PluginSet{version: {"keysource": stockPlugin{}}},
		GRPCServer:       goplugin.DefaultGRPCServer,
	})
	os.Exit(0)
}

type stockPlugin struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (stockPlugin) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	keysourcev1.RegisterKeySourceServer(s, &misbehaving{load: func() *keysourcev1.LoadResponse { return key([]byte("0123456789abcdef")) }})
	return nil
}

func (stockPlugin) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("a plugin only")
}

// misbehaving answers with what our SDK would never send.
type misbehaving struct {
	keysourcev1.UnimplementedKeySourceServer
	load func() *keysourcev1.LoadResponse
}

func (m *misbehaving) Describe(context.Context, *keysourcev1.DescribeRequest) (*keysourcev1.DescribeResponse, error) {
	return &keysourcev1.DescribeResponse{Name: "stock", Version: "0.9", Operations: []string{"load"}}, nil
}

func (m *misbehaving) Load(context.Context, *keysourcev1.LoadRequest) (*keysourcev1.LoadResponse, error) {
	if m.load == nil {
		return nil, status.Error(codes.DataLoss, "the disk \x1b[31mis gone")
	}
	return m.load(), nil
}

func key(raw []byte) *keysourcev1.LoadResponse {
	return &keysourcev1.LoadResponse{Result: &keysourcev1.LoadResponse_Key{Key: raw}}
}

func misbehave(load func() *keysourcev1.LoadResponse) {
	cert := newCertificate()
	raw(tlsServer(cert), &misbehaving{load: load}, cert)
}

func tlsServer(cert tls.Certificate) *grpc.Server {
	return grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{cert}})))
}

// raw shakes hands and serves.
func raw(s *grpc.Server, m *misbehaving, said tls.Certificate) {
	keysourcev1.RegisterKeySourceServer(s, m)
	l := listen("p")
	fmt.Println("1|1|unix|" + l.Addr().String() + "|grpc|" + certificate(said))
	_ = s.Serve(l)
}

func socket(name string) string { return filepath.Join(os.Getenv(wire.EnvSocketDir), name) }

func listen(name string) net.Listener {
	l, err := net.Listen("unix", socket(name))
	if err != nil {
		panic(err)
	}
	return l
}

func newCertificate() tls.Certificate {
	c, err := wire.NewCertificate()
	if err != nil {
		panic(err)
	}
	return c
}

func certificate(c tls.Certificate) string {
	return base64.RawStdEncoding.EncodeToString(c.Certificate[0])
}
