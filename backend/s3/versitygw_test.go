//go:build versitygw && unix

package s3_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/aws"
	"github.com/flask-vault/flask-vault/backend/s3"
	"github.com/flask-vault/flask-vault/backend/s3/s3test"
	"github.com/flask-vault/flask-vault/backend/storetest"
)

// The tests of this file run against versitygw, a real server: with TLS, on a
// directory of this computer. It is built once, for some minutes, into the user's
// cache directory, so they are behind a tag:
//
//	go test -tags versitygw -run Versitygw -timeout 30m ./backend/s3

// buildVersitygw returns the program, of the version that internal/versitygw/go.mod has.
func buildVersitygw(t *testing.T) string {
	t.Helper()
	const module = "github.com/versity/versitygw"
	dir := filepath.Join("internal", "versitygw")
	list := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module)
	list.Dir = dir
	version, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(cache, "flask-vault-tests", "versitygw-"+strings.TrimSpace(string(version)))
	if _, err := os.Stat(exe); err == nil {
		return exe
	}
	t.Logf("building %s", exe)
	build := exec.Command("go", "build", "-o", exe+".new", module+"/cmd/versitygw")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Rename(exe+".new", exe); err != nil {
		t.Fatal(err)
	}
	return exe
}

// versitygw is a running server.
type versitygw struct {
	exe, dir, address string
	roots             *x509.CertPool
	process           *exec.Cmd
}

func startVersitygw(t *testing.T) *versitygw {
	t.Helper()
	v := &versitygw{exe: buildVersitygw(t), dir: t.TempDir(), roots: x509.NewCertPool()}
	if err := os.Mkdir(filepath.Join(v.dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(v.dir, "data", s3test.Bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	v.certify(t)
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		t.Fatal(err)
	}
	v.address = l.Addr().String()
	_ = l.Close()
	if err := v.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.kill)
	return v
}

func (v *versitygw) certify(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(v.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	v.roots.AddCert(cert)
}

// start starts the server and waits until it listens.
func (v *versitygw) start(ctx context.Context) error {
	v.process = exec.Command(v.exe, "--port", v.address, "--region", s3test.Region, "--quiet", "--keep-alive",
		"--cert", filepath.Join(v.dir, "cert.pem"), "--key", filepath.Join(v.dir, "key.pem"), "posix", filepath.Join(v.dir, "data"))
	v.process.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+s3test.AccessKeyID, "ROOT_SECRET_ACCESS_KEY="+s3test.SecretAccessKey)
	if err := v.process.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		d := tls.Dialer{Config: &tls.Config{RootCAs: v.roots}}
		c, err := d.DialContext(ctx, "tcp", v.address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("versitygw does not listen: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// kill is kill -9.
func (v *versitygw) kill() {
	_ = v.process.Process.Kill()
	_ = v.process.Wait()
}

func (v *versitygw) open(key string, o s3.Options) (*s3.Store, error) {
	vars := map[string]string{
		"AWS_ACCESS_KEY_ID": s3test.AccessKeyID, "AWS_SECRET_ACCESS_KEY": s3test.SecretAccessKey,
		"AWS_ENDPOINT_URL_S3": "https://" + v.address, "AWS_CA_BUNDLE": filepath.Join(v.dir, "cert.pem"),
	}
	o.Getenv = func(name string) string { return vars[name] }
	if o.Poll == 0 {
		o.Poll = 50 * time.Millisecond
	}
	return s3.Open("s3://"+s3test.Bucket+"/"+key+"?region="+s3test.Region, o)
}

func TestVersitygwConforms(t *testing.T) {
	v := startVersitygw(t)
	var n atomic.Int32
	storetest.Run(t, storetest.Harness{
		New: func(testing.TB) storetest.Place {
			key := fmt.Sprintf("places/%d/a%%20b+c.yml.enc", n.Add(1))
			return storetest.Place{Open: func() (backend.Store, error) {
				return v.open(key, s3.Options{Conditional: true, MaxSize: 2 << 20})
			}}
		},
		MaxSize: 2 << 20,
		Secrets: []string{s3test.SecretAccessKey},
	})
}

func TestVersitygwHonoursConditions(t *testing.T) {
	v := startVersitygw(t)
	s, err := v.open("vault.enc", s3.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(v.dir, "data", s3test.Bucket, "vault.enc*"))
	if err != nil || len(left) > 0 {
		t.Errorf("it left %q, %v", left, err)
	}
	wrong, err := s3.Open("s3://"+s3test.Bucket+"/vault.enc?region="+s3test.Region+"&endpoint=https://"+v.address, s3.Options{
		Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s3test.AccessKeyID, SecretAccessKey: "wrong"}, nil
		},
		Getenv: func(name string) string {
			return map[string]string{"AWS_CA_BUNDLE": filepath.Join(v.dir, "cert.pem")}[name]
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var refused *s3.ServerError
	if _, err := wrong.Load(t.Context(), ""); !errors.As(err, &refused) || refused.Code != "SignatureDoesNotMatch" {
		t.Errorf("a wrong secret: %v", err)
	}
}

// TestVersitygwKilled kills the server while many write.
func TestVersitygwKilled(t *testing.T) {
	v := startVersitygw(t)
	report, err := storetest.Contend(t.Context(), storetest.Place{
		Open: func() (backend.Store, error) { return v.open("vault.enc", s3.Options{Conditional: true}) },
		Faults: func(ctx context.Context) error {
			for range 3 {
				sleep(ctx, time.Second)
				v.kill()
				if err := v.start(ctx); err != nil {
					return err
				}
			}
			return nil
		},
	}, storetest.Contention{Saves: 20, Size: 20 << 10, Limit: 3 * time.Minute})
	t.Log(report)
	if err != nil {
		t.Error(err)
	}
}
