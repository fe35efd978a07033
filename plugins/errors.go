package plugins

import (
	"fmt"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
)

// Code says what kind of error a source returns; see [Errorf].
type Code = external.Code

// The codes that a plugin can give. An error without one is taken as Failed, or
// as NoKey if it wraps [keysource.ErrNoKey].
const (
	NoKey       = external.NoKey       // the place holds no key, the next source may be asked
	Locked      = external.Locked      // it has to be unlocked first
	Denied      = external.Denied      // it refuses this user
	NeedsInput  = external.NeedsInput  // a prompt is needed and nobody is there
	BadSettings = external.BadSettings // a setting is missing or wrong
	Unavailable = external.Unavailable // the place cannot be reached at the moment
	Unsupported = external.Unsupported // it cannot do that
	Failed      = external.Failed      // anything else
)

// Errorf makes an error with a code, for what Load, Save or Delete return. The
// message is one sentence for a person, without a final full stop, and never
// holds the key or a part of it. %w works as in fmt.Errorf.
func Errorf(c Code, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &external.Error{Code: c, Message: err.Error(), Err: err}
}

var _ error = (*external.Error)(nil)

// ErrNoKey is [keysource.ErrNoKey]: the place holds no key.
var ErrNoKey = keysource.ErrNoKey
