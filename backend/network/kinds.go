package network

import (
	"context"
	"errors"
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

// etcdStore has etcd's refusals be those that all stores share: [fs.ErrPermission].
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
	return as(err, fs.ErrPermission, errors.Is(err, etcd.ErrPermission) || errors.Is(err, etcd.ErrLogin))
}

// s3Store has a server that is broken be one that cannot be reached, and refusals be
// those that all stores share.
type s3Store struct{ *s3.Store }

func (s s3Store) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	snap, err := s.Store.Load(ctx, have)
	var answer *s3.ServerError
	broken := lastgood.Unreachable(err) || errors.As(err, &answer) && answer.Status >= 500 || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	return snap, as(refusedByS3(err), backend.ErrUnreachable, broken)
}

// Save has a server that cannot be trusted with changes be for reading alone.
func (s s3Store) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	version, err := s.Store.Save(ctx, blob, prev)
	return version, as(refusedByS3(err), backend.ErrReadOnlyStore, errors.Is(err, s3.ErrUnconditional))
}

func (s s3Store) Probe(ctx context.Context) error { return refusedByS3(s.Store.Probe(ctx)) }

func refusedByS3(err error) error {
	var answer *s3.ServerError
	return as(err, fs.ErrPermission, errors.Is(err, s3.ErrNoCredentials) || errors.As(err, &answer) && answer.Denied())
}

// httpsStore does the same for web servers.
type httpsStore struct{ *https.Store }

func (s httpsStore) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	snap, err := s.Store.Load(ctx, have)
	var answer *https.StatusError
	answered := errors.As(err, &answer)
	err = as(err, fs.ErrPermission, answered && (answer.Status == 401 || answer.Status == 403))
	broken := answered && (answer.Status >= 500 || answer.Status == 429) || lastgood.Unreachable(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	return snap, as(err, backend.ErrUnreachable, broken)
}

func (s httpsStore) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	version, err := s.Store.Save(ctx, blob, prev)
	return version, as(err, backend.ErrReadOnlyStore, true)
}
