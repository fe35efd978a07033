package backend

import (
	"errors"
	"fmt"
)

var (
	// ErrMalformed is wrapped by errors about text that is not an envelope:
	// cut, mangled, or never sealed at all. See [EnvelopeError].
	ErrMalformed = errors.New("not an encrypted file of Flask-Vault")

	// ErrAuth says that the tag of an envelope does not fit: it was sealed under
	// another key or other associated data, or changed since. Nothing of the
	// plaintext is given out.
	ErrAuth = errors.New("it cannot be opened with this key: it was encrypted with another key, or has been changed or damaged since")

	// ErrNoVault is wrapped where a store holds no document yet.
	ErrNoVault = errors.New("there is no such vault")

	// ErrReadOnlyKey says that a key of 24 or 32 bytes was to write. Such keys
	// come from Flask-Vault 1.0 and are for reading alone.
	ErrReadOnlyKey = errors.New("the master key is not a 128-bit key, so it is for reading alone")

	// ErrWornKey says that a cipher has sealed the 2^32 messages that AES-GCM with
	// random nonces allows a key.
	ErrWornKey = errors.New("the key has encrypted as much as AES-GCM allows; give the vault a new one")

	// ErrConflict is wrapped by Store.Save when the stored document is not the
	// one that was loaded. Nothing was written.
	ErrConflict = errors.New("somebody else saved it meanwhile")

	// ErrNotModified is returned by Store.Load when the version is the one that
	// the caller has.
	ErrNotModified = errors.New("not modified")

	// ErrTooLarge is wrapped where data is beyond what a store or the cipher takes.
	// Nothing was written.
	ErrTooLarge = errors.New("too large")

	// ErrUncertain is wrapped by Store.Save when it may or may not have written.
	// The vault loads and compares then; it never writes again blindly.
	ErrUncertain = errors.New("it may or may not have been saved")

	// ErrUnreachable is wrapped by Store.Load and by Store.Save (nothing was
	// written) where the store does not answer: no network, no server, no leader, no
	// answer in time. What a store answers, such as that this user may not
	// read, is none.
	ErrUnreachable = errors.New("the store cannot be reached")

	// ErrReadOnlyStore is wrapped by Store.Save of a store that is for reading alone.
	ErrReadOnlyStore = errors.New("this store is for reading alone")

	// ErrNoCredentials is wrapped by Store.Load and Store.Save where there is nothing to
	// show to a store that asks who it is.
	ErrNoCredentials = errors.New("no credentials")

	// ErrNoSuchStore is wrapped by Store.Load and Store.Save where what the URL and the
	// settings name is not there, such as a bucket, or not named whole.
	ErrNoSuchStore = errors.New("there is no such store")

	// ErrUnconditional is wrapped by Store.Save where the server writes whatever the
	// version is. Saving there could lose somebody else's change. Nothing was written.
	ErrUnconditional = errors.New("the server does not honour conditional writes")
)

// EnvelopeError says why text is not an envelope. It quotes nothing of it.
type EnvelopeError struct{ Reason string }

func (e *EnvelopeError) Error() string { return fmt.Sprintf("%v: %s", ErrMalformed, e.Reason) }

// Is makes errors.Is(err, ErrMalformed) true.
func (e *EnvelopeError) Is(target error) bool { return target == ErrMalformed }

// WrongKeyError says that the key found is not the one that the configuration
// records for this vault.
type WrongKeyError struct {
	Source string // the source that gave the key, "" if not known
	Have   string // id of the key found
	Want   string // id recorded
}

func (e *WrongKeyError) Error() string {
	from := ""
	if e.Source != "" {
		from = " from " + e.Source
	}
	return fmt.Sprintf("the key%s is not this vault's: its id is %s, the vault needs %s", from, e.Have, e.Want)
}

// LockedError says that another process holds a store's lock and did not let go in time.
type LockedError struct {
	PID  int // of the holder, 0 if not known
	Path string
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return "another process is writing to it"
	}
	return fmt.Sprintf("process %d is writing to it", e.PID)
}
