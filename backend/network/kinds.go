package network

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/etcd"
	"github.com/flask-vault/flask-vault/backend/https"
	"github.com/flask-vault/flask-vault/backend/lastgood"
	"github.com/flask-vault/flask-vault/backend/s3"
)

// kindError is an error of one store that also is one that all stores share.
type kindError struct{ err, kind error }

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.err, e.kind} }

// as makes an error one of a kind, if it is to be.
func as(err, kind error, is bool) error {
	if err == nil || !is || errors.Is(err, kind) {
		return err
	}
	return &kindError{err, kind}
}

// unreachable makes an error one of a store that cannot be reached, and says so. Where
// its certificate is why, checked says which certificates it is checked against.
func unreachable(err error, checked string) error {
	if certificate(err) {
		err = fmt.Errorf("%w; it is checked against the certificates in the file that %s names, or without that the system's", err, checked)
	}
	if errors.Is(err, backend.ErrUnreachable) {
		return err
	}
	return fmt.Errorf("%w: %w", backend.ErrUnreachable, err)
}

// certificate reports whether a server is not believed to be who it is.
func certificate(err error) bool { return errors.As(err, new(*tls.CertificateVerificationError)) }

// silent reports whether an error says that no answer came, or none of the server itself.
func silent(err error) bool {
	return lastgood.Unreachable(err) || certificate(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// etcdStore has etcd's refusals be those that all stores share: [fs.ErrPermission], and
// says what its certificate is checked against.
type etcdStore struct{ *etcd.Store }

func (s etcdStore) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	snap, err := s.Store.Load(ctx, have)
	return snap, refusedByEtcd(err)
}

func (s etcdStore) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	version, err := s.Store.Save(ctx, blob, prev)
	return version, refusedByEtcd(err)
}

func (s etcdStore) Probe(ctx context.Context) error { return refusedByEtcd(s.Store.Probe(ctx)) }

func refusedByEtcd(err error) error {
	if certificate(err) && errors.Is(err, backend.ErrUnreachable) {
		return unreachable(err, caSetting)
	}
	return as(err, fs.ErrPermission, errors.Is(err, etcd.ErrPermission) || errors.Is(err, etcd.ErrLogin))
}

// s3Store has a server that is broken be one that cannot be reached, and refusals be
// those that all stores share.
type s3Store struct{ *s3.Store }

func (s s3Store) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	snap, err := s.Store.Load(ctx, have)
	return snap, readingS3(err)
}

// Watch looks by itself, so its errors are those of Load.
func (s s3Store) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	return readingS3(s.Store.Watch(ctx, have, notify))
}

func readingS3(err error) error {
	var answer *s3.ServerError
	if silent(err) || errors.As(err, &answer) && answer.Status >= 500 {
		return unreachable(err, caOfS3)
	}
	return refusedByS3(err)
}

// What names the certificates that a server is checked against: for S3 the variable that
// the AWS tools have.
const (
	caSetting = "store.ca"
	caOfS3    = "AWS_CA_BUNDLE"
)

func (s s3Store) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	version, err := s.Store.Save(ctx, blob, prev)
	late := errors.Is(err, context.DeadlineExceeded)
	if (silent(err) || late) && !errors.Is(err, backend.ErrUncertain) { // which it is as soon as something was sent
		return version, unreachable(err, caOfS3)
	}
	// A server that cannot be trusted with changes is for reading alone.
	return version, as(refusedByS3(err), backend.ErrReadOnlyStore, errors.Is(err, s3.ErrUnconditional))
}

func (s s3Store) Probe(ctx context.Context) error { return refusedByS3(s.Store.Probe(ctx)) }

func refusedByS3(err error) error {
	var answer *s3.ServerError
	return as(err, fs.ErrPermission, errors.Is(err, backend.ErrNoCredentials) || errors.As(err, &answer) && answer.Denied())
}

// httpsStore does the same for web servers.
type httpsStore struct{ *https.Store }

func (s httpsStore) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	snap, err := s.Store.Load(ctx, have)
	return snap, readingHTTPS(err)
}

// Watch is as that of s3Store.
func (s httpsStore) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	return readingHTTPS(s.Store.Watch(ctx, have, notify))
}

func readingHTTPS(err error) error {
	var answer *https.StatusError
	answered := errors.As(err, &answer)
	err = as(err, fs.ErrPermission, answered && (answer.Status == 401 || answer.Status == 403))
	if silent(err) || answered && (answer.Status >= 500 || answer.Status == 429) {
		return unreachable(err, caSetting)
	}
	return err
}

func (s httpsStore) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	version, err := s.Store.Save(ctx, blob, prev)
	return version, as(err, backend.ErrReadOnlyStore, true)
}
