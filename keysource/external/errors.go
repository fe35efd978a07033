package external

import (
	"errors"
	"fmt"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// Code says what kind of error it is.
type Code string

// What a plugin says.
const (
	NoKey       Code = "no_key"       // the place holds no key; wraps keysource.ErrNoKey
	Locked      Code = "locked"       // it has to be unlocked first
	Denied      Code = "denied"       // it refuses this user
	NeedsInput  Code = "needs_input"  // a prompt is needed and nobody is there
	BadSettings Code = "bad_settings" // a setting is missing, unknown or wrong
	Unavailable Code = "unavailable"  // the place cannot be reached
	Unsupported Code = "unsupported"  // the plugin cannot do that; wraps errors.ErrUnsupported
	Failed      Code = "failed"       // anything else
)

// What the host says of a plugin.
const (
	Untrusted    Code = "untrusted"     // not installed, or not what was installed; wraps a *trust.Error
	NoHost       Code = "no_host"       // flask-vault-pluginhost is missing
	NotStarted   Code = "not_started"   // the system could not start it
	StartTimeout Code = "start_timeout" // it did not say hello in time
	CallTimeout  Code = "call_timeout"  // it did not answer in time
	Crashed      Code = "crashed"       // it ended before it answered
	NoReply      Code = "no_reply"      // it ended with success and without an answer
	BadHandshake Code = "bad_handshake" // its first line is not a go-plugin handshake, or an unsafe one
	BadVersion   Code = "bad_version"   // it speaks another version of the contract
	BadReply     Code = "bad_reply"     // its answer is not one
	TooLarge     Code = "too_large"     // its answer is larger than MaxMessage
	BadKey       Code = "bad_key"       // its key is not one; wraps keysource.ErrBadKey
	Canceled     Code = "canceled"      // the caller gave up
)

var byPlugin = map[Code]bool{
	NoKey: true, Locked: true, Denied: true, NeedsInput: true,
	BadSettings: true, Unavailable: true, Unsupported: true, Failed: true,
}

// Error is why a plugin did not do what it was asked. A program that maps
// errors to exit codes treats each as a fault of a plugin, but for those that
// wrap [keysource.ErrNoKey].
type Error struct {
	Plugin  string // the name it is installed under; "" inside a plugin
	Code    Code
	Message string // one clause, printable
	Err     error  // the cause, or nil
}

func (e *Error) Error() string {
	switch {
	case e.Plugin == "" || e.Code == Untrusted:
		return e.Message
	case byPlugin[e.Code]:
		return fmt.Sprintf("plugin %q says: %s", e.Plugin, e.Message)
	}
	return fmt.Sprintf("plugin %q: %s", e.Plugin, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is find the sentinel that goes with the code.
func (e *Error) Is(target error) bool {
	switch target {
	case keysource.ErrNoKey:
		return e.Code == NoKey
	case keysource.ErrBadKey:
		return e.Code == BadKey
	case errors.ErrUnsupported:
		return e.Code == Unsupported
	}
	return false
}

// AsReply is what a plugin, or the host of one, replies for an error.
func AsReply(err error) Reply {
	e := &ReplyError{Code: Failed, Message: err.Error()}
	var typed *Error
	switch {
	case errors.As(err, &typed):
		e.Code = typed.Code
		if err == error(typed) { //nolint:errorlint // it matters whether it is wrapped
			e.Message = typed.Message
		}
	case errors.As(err, new(*trust.Error)):
		e.Code = Untrusted
	case errors.Is(err, keysource.ErrNoKey):
		e.Code = NoKey
	case errors.Is(err, errors.ErrUnsupported):
		e.Code = Unsupported
	}
	return Reply{Error: e}
}
