package host

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/internal/wire"
	"github.com/flask-vault/flask-vault/plugins/launch"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

const maxHandshake = 8 << 10 // bytes of the first line; a P-521 certificate takes 1 KiB of it

// firstLine gives go-plugin the first line of a plugin's standard output if it
// is a handshake that we accept, and nothing else: later lines are read and
// dropped, so that a plugin which prints does not block.
type firstLine struct {
	from *os.File
	proc *launch.Process
	dir  string // where the socket must be

	rest string // of the line, for Read
	seen bool

	mu  sync.Mutex
	err error
}

func (f *firstLine) Read(p []byte) (int, error) {
	if !f.seen {
		f.seen = true
		line, err := f.line()
		if err == nil {
			err = f.check(line)
		}
		if err != nil {
			f.mu.Lock()
			if !errors.Is(err, io.EOF) {
				f.err = err
			}
			f.mu.Unlock()
			return 0, io.EOF
		}
		f.rest = line + "\n"
	}
	if f.rest == "" {
		_, _ = io.Copy(io.Discard, f.from)
		return 0, io.EOF
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *firstLine) Close() error { return f.from.Close() }

// problem is why the line was refused; nil where there was no line.
func (f *firstLine) problem() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *firstLine) line() (string, error) {
	s := bufio.NewScanner(f.from)
	s.Buffer(make([]byte, 0, 2048), maxHandshake)
	if s.Scan() {
		return s.Text(), nil
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return "", bad("its first line has more than %d bytes and is no handshake", maxHandshake)
	}
	// The pipe is closed. Wait for the end here, before go-plugin sees it and
	// kills: how the plugin ends by itself says more.
	if !f.proc.Wait(context.Background(), settle) {
		return "", bad("it closed its standard output without a handshake")
	}
	return "", io.EOF
}

func bad(format string, args ...any) error {
	return &external.Error{Code: external.BadHandshake, Message: fmt.Sprintf(format, args...)}
}

// check accepts CORE|CONTRACT|NETWORK|ADDRESS|grpc|CERTIFICATE.
func (f *firstLine) check(line string) error {
	parts := strings.Split(strings.TrimSpace(line), "|")
	if len(parts) < 4 {
		return bad("its first line is no handshake: %s", launch.Printable(strconv.Quote(line), 80))
	}
	if parts[0] != strconv.Itoa(wire.CoreVersion) {
		return version("go-plugin's protocol", parts[0], wire.CoreVersion)
	}
	if parts[1] != strconv.Itoa(trust.Contract) {
		return version("the key source contract", parts[1], trust.Contract)
	}
	if len(parts) < 5 || parts[4] != "grpc" {
		return bad("it does not speak gRPC")
	}
	if err := f.address(parts[2], parts[3]); err != nil {
		return err
	}
	if len(parts) < 6 || parts[5] == "" {
		return bad("it offers no mutual TLS")
	}
	der, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err == nil {
		_, err = x509.ParseCertificate(der)
	}
	if err != nil {
		return bad("its certificate is not one")
	}
	return nil
}

func version(of, got string, want int) error {
	e := &external.Error{Code: external.BadVersion}
	n, err := strconv.Atoi(got)
	switch {
	case err != nil:
		return bad("its first line is no handshake: the version of %s is %s", of, launch.Printable(strconv.Quote(got), 40))
	case n < want:
		e.Message = fmt.Sprintf("it speaks version %d of %s, this program speaks %d: install a newer version of the plugin", n, of, want)
	default:
		e.Message = fmt.Sprintf("it speaks version %d of %s, this program speaks %d: install a newer flask-vault", n, of, want)
	}
	return e
}

// address accepts a socket in our own directory alone, and on Windows, which
// has none here, a port of the loopback address. A plugin could name any
// address otherwise, and we would connect to it.
func (f *firstLine) address(network, address string) error {
	if runtime.GOOS == "windows" {
		ap, err := netip.ParseAddrPort(address)
		if network != "tcp" || err != nil || !ap.Addr().IsLoopback() {
			return bad("it wants to be reached at %s, which is not this computer alone", launch.Printable(strconv.Quote(address), 80))
		}
		return nil
	}
	if network != "unix" || filepath.Dir(filepath.Clean(address)) != filepath.Clean(f.dir) {
		return bad("it wants to be reached at %s, which is not in the directory it was given", launch.Printable(strconv.Quote(network+" "+address), 80))
	}
	if info, err := os.Lstat(address); err != nil || info.Mode().Type() != fs.ModeSocket {
		return bad("it names a socket that is not there")
	}
	return nil
}
