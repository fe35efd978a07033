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
	// is have, or an error that wraps ErrNoVault if there is none.
	Load(ctx context.Context, have Version) (Snapshot, error)

	// Save replaces the document, whole or not at all, if its version is still
	// prev; the empty version stands for a document that must not exist yet.
	// It is durable when Save returns. It fails with ErrConflict, ErrTooLarge
	// (surely not written) or ErrUncertain (perhaps written) wrapped.
	Save(ctx context.Context, blob []byte, prev Version) (Version, error)
}
