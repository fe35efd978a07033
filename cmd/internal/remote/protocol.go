package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/lastgood"
	"github.com/flask-vault/flask-vault/backend/location"
)

// Protocol is the version of the protocol.
const Protocol = 1

// maxMessage is the most bytes of a request or a reply: a sealed document of 64 MiB in
// base64, and what is said beside it.
const maxMessage = 64<<20/3*4 + 64<<10

// The operations.
const (
	opLoad  = "load"
	opSave  = "save"
	opWatch = "watch"
	opProbe = "probe"
)

// Request is a line to flask-vault-remote. Bytes are in base64.
type Request struct {
	Op       string          `json:"op"`
	Protocol int             `json:"protocol"`
	Location where           `json:"location"`
	Have     backend.Version `json:"have,omitempty"`    // of load and watch
	Refused  []string        `json:"refused,omitempty"` // of load and watch, see backend.Refusing
	Note     string          `json:"note,omitempty"`    // of load and watch: of the reply before
	Prev     backend.Version `json:"prev,omitempty"`    // of save
	Blob     []byte          `json:"blob,omitempty"`    // of save
}

// where is a [location.Location] on its way. The password is in it, so nothing
// prints one.
type where struct {
	URL      string  `json:"url"`
	CA       string  `json:"ca,omitempty"`
	Cert     string  `json:"cert,omitempty"`
	Key      string  `json:"key,omitempty"`
	User     string  `json:"user,omitempty"`
	Password *string `json:"password,omitempty"`

	// Where the password came from, for messages.
	PasswordEnv  string `json:"password_env,omitempty"`
	PasswordFile string `json:"password_file,omitempty"`

	Region   string `json:"region,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	Profile  string `json:"profile,omitempty"`
	Timeout  int64  `json:"timeout_ms,omitempty"`
	Poll     int64  `json:"poll_ms,omitempty"`
}

func newWhere(l location.Location) (where, error) {
	w := where{
		URL: l.URL, CA: l.CA, Cert: l.Cert, Key: l.Key, User: l.User, Region: l.Region, Endpoint: l.Endpoint, Profile: l.Profile,
		Timeout: l.Timeout.Milliseconds(), Poll: l.Poll.Milliseconds(),
	}
	if l.HasPassword() {
		p, err := l.Password()
		if err != nil {
			return w, err
		}
		w.Password, w.PasswordEnv, w.PasswordFile = &p, l.PasswordEnv, l.PasswordFile
	}
	return w, nil
}

func (w where) location() location.Location {
	l := location.Location{
		URL: w.URL, CA: w.CA, Cert: w.Cert, Key: w.Key, User: w.User, Region: w.Region, Endpoint: w.Endpoint, Profile: w.Profile,
		Timeout: time.Duration(w.Timeout) * time.Millisecond, Poll: time.Duration(w.Poll) * time.Millisecond,
	}
	if w.Password != nil {
		l = l.WithPassword(*w.Password)
		l.PasswordEnv, l.PasswordFile = w.PasswordEnv, w.PasswordFile
	}
	return l
}

// Reply is a line of flask-vault-remote.
type Reply struct {
	Version     backend.Version `json:"version,omitempty"`      // of load, watch and save
	Blob        []byte          `json:"blob,omitempty"`         // of load and watch
	NotModified bool            `json:"not_modified,omitempty"` // of load
	Note        string          `json:"note,omitempty"`         // of load and watch: for the next request, where the store has one
	Done        bool            `json:"done,omitempty"`         // of probe
	Error       *Failure        `json:"error,omitempty"`
}

// Failure is an error in a reply.
type Failure struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Code says what kind of error it is.
type Code string

// The codes. Each but the last two stands for a sentinel.
const (
	NoVault     Code = "no_vault"    // backend.ErrNoVault
	Conflict    Code = "conflict"    // backend.ErrConflict
	TooLarge    Code = "too_large"   // backend.ErrTooLarge
	ReadOnly    Code = "read_only"   // backend.ErrReadOnlyStore
	Unreachable Code = "unreachable" // backend.ErrUnreachable
	Uncertain   Code = "uncertain"   // backend.ErrUncertain
	Denied      Code = "denied"      // fs.ErrPermission: the store refuses this user

	NoCredentials Code = "no_credentials" // backend.ErrNoCredentials
	NoSuchStore   Code = "no_such_store"  // backend.ErrNoSuchStore
	Unconditional Code = "unconditional"  // backend.ErrUnconditional

	Unsupported Code = "unsupported" // errors.ErrUnsupported
	BadRequest  Code = "bad_request" // the request or the location makes no sense
	Failed      Code = "failed"      // anything else
)

var sentinels = []struct {
	code Code
	err  error
}{
	{NoVault, backend.ErrNoVault},
	{Conflict, backend.ErrConflict},
	{TooLarge, backend.ErrTooLarge},
	{Unconditional, backend.ErrUnconditional}, // before read-only: it is for reading alone, too
	{ReadOnly, backend.ErrReadOnlyStore},
	{Uncertain, backend.ErrUncertain}, // before unreachable: a save can be both
	{Unreachable, backend.ErrUnreachable},
	{NoCredentials, backend.ErrNoCredentials}, // before denied: without any there is no permission either
	{Denied, fs.ErrPermission},
	{NoSuchStore, backend.ErrNoSuchStore},
	{Unsupported, errors.ErrUnsupported},
}

// Error is why a store beyond a local file did not do what it was asked.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return e.Message }

// Is makes errors.Is find the sentinel that goes with the code.
func (e *Error) Is(target error) bool {
	for _, s := range sentinels {
		if s.code == e.Code {
			return target == s.err
		}
	}
	return false
}

// failure is an error as it is replied.
func failure(op string, err error) Reply {
	f := &Failure{Code: Failed, Message: err.Error()}
	var own *Error
	if errors.As(err, &own) {
		f.Code = own.Code
		return Reply{Error: f}
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			f.Code = s.code
			return Reply{Error: f}
		}
	}
	late := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	switch {
	case op == opSave && (late || lastgood.Unreachable(err)):
		// The request may have been on its way.
		f.Code, f.Message = Uncertain, fmt.Sprintf("%v: %v", backend.ErrUncertain, err)
	case late, lastgood.Unreachable(err):
		f.Code, f.Message = Unreachable, fmt.Sprintf("%v: %v", backend.ErrUnreachable, err)
	}
	return Reply{Error: f}
}

// parse reads a line. Its error quotes nothing of it.
func parse(line []byte, v any) error {
	if err := json.Unmarshal(line, v); err != nil {
		return &Error{Code: BadRequest, Message: "a line between flask-vault and flask-vault-remote is not what the protocol asks for"}
	}
	return nil
}
