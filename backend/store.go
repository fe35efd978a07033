package backend

import "context"

// Version names one state of a stored document. It is opaque and compared for
// equality alone. The empty Version stands for "nothing is stored".
type Version string

// Snapshot is a sealed document and its version.
type Snapshot struct {
	Blob    []byte
	Version Version
}

// Store keeps one sealed document. It never sees a key or plaintext.
//
// backend/file implements it for a local file; whoever keeps vaults elsewhere
// implements it too. [Vault] calls it. It is safe for use by several goroutines.
type Store interface {
	// Name is how messages call the document: "credentials.yml.enc".
	Name() string

	// Load returns the document as it stands, or ErrNotModified if its version
	// is have, or an error that wraps ErrNoVault if there is none, or ErrUnreachable
	// if the store does not answer.
	Load(ctx context.Context, have Version) (Snapshot, error)

	// Save replaces the document, whole or not at all, if its version is still
	// prev; the empty version stands for a document that must not exist yet.
	// It is durable when Save returns. It fails with ErrConflict, ErrTooLarge,
	// ErrReadOnlyStore, ErrUnreachable (surely not written) or ErrUncertain (perhaps
	// written) wrapped.
	Save(ctx context.Context, blob []byte, prev Version) (Version, error)
}

// Watcher is a Store that tells of changes by itself. It is optional: a store
// without it is polled. backend/watch calls it.
type Watcher interface {
	// Watch calls notify when the document's version is not have any more, and at
	// each later change, never twice at the same time. It is level-triggered: it may
	// merge changes or repeat one, but the last is told while Watch runs. The
	// snapshot is as Load returns it; the empty one says that the document is gone,
	// or that the caller is to Load. Watch dials as Load does, mends what it can by
	// itself, and returns an error when it is broken or ctx has ended.
	Watch(ctx context.Context, have Version, notify func(Snapshot)) error
}
