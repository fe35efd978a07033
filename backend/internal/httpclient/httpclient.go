// Package httpclient is what the clients of etcd, S3, STS and web servers share: what they
// say of a request without an answer, and which plain connections they allow.
package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
)

// Unanswered says why no answer came from a host. It leaves out the URL that net/http puts
// before an error, which may hold a signature.
func Unanswered(host string, err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s did not answer in time: %w", host, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s closed the connection: %w", host, err)
	}
	return fmt.Errorf("%s: %w", host, Plain(err))
}

// Plain leaves the addresses and the names of system calls out of an error of the network,
// as in "dial tcp 127.0.0.1:443: connect: connection refused".
func Plain(err error) error {
	var op *net.OpError
	if !errors.As(err, &op) || op.Err == nil {
		return err
	}
	var call *os.SyscallError
	if errors.As(op.Err, &call) {
		return call.Err
	}
	return op.Err
}

// Loopback reports whether a host is this very computer, so that nobody can listen in
// between: plain http is for it alone.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
