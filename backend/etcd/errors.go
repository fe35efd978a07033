package etcd

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/flask-vault/flask-vault/backend"
)

var (
	// ErrPermission is wrapped where the user's roles do not allow what was asked.
	ErrPermission = errors.New("permission denied by etcd")

	// ErrLogin is wrapped where etcd takes the user or the password for none of its
	// own, or asks for one and none was given, or refuses the client certificate.
	ErrLogin = errors.New("etcd does not accept the login")
)

// errCompacted says that etcd has forgotten the revision that was asked for.
var errCompacted = errors.New("the revision has been compacted")

// The codes of gRPC that etcd uses, as numbers.
const (
	codeInvalid      = 3
	codeDenied       = 7
	codeExhausted    = 8
	codePrecondition = 9
	codeRange        = 11
	codeMissing      = 12 // no such method
	codeNoLogin      = 16
)

// answer is an error that a server gave.
type answer struct {
	status  int // of HTTP
	code    int // of gRPC, 0 if there is none
	message string
}

func (a *answer) Error() string {
	if a.message == "" {
		return "it answered with HTTP status " + strconv.Itoa(a.status)
	}
	return "it answered: " + printable(strings.TrimPrefix(a.message, "etcdserver: "))
}

// printable is what of a server's text is fit for a message.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "..."
	}
	return strings.TrimSpace(text)
}

// readAnswer reads the body of a reply that is no success. Old gateways write
// {"error": "text", "code": 3}, new ones {"message": "text", "code": 3}, and
// streams {"error": {"grpc_code": 3, "message": "text"}}.
func readAnswer(status int, body []byte) *answer {
	var reply struct {
		Error    json.RawMessage `json:"error"`
		Message  string          `json:"message"`
		Code     int             `json:"code"`
		GRPCCode int             `json:"grpc_code"`
	}
	a := &answer{status: status}
	if err := json.Unmarshal(body, &reply); err != nil {
		a.message = string(body)
		return a
	}
	if len(reply.Error) > 0 && reply.Error[0] == '{' {
		return readAnswer(status, reply.Error)
	}
	a.message, a.code = reply.Message, max(reply.Code, reply.GRPCCode)
	if a.message == "" {
		_ = json.Unmarshal(reply.Error, &a.message) // no text then
	}
	return a
}

// canceled is the answer that the reason of a canceled watch tells, as in
// "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token".
func canceled(reason string) *answer {
	a := &answer{status: 200, message: reason}
	if _, text, ok := strings.Cut(reason, " desc = "); ok {
		a.message = text
	}
	switch {
	case a.says("permission denied"):
		a.code = codeDenied
	case a.says("invalid auth token"):
		a.code = codeNoLogin
	case a.says("user name is empty"), a.says("auth store is old"):
		a.code = codeInvalid
	}
	return a
}

func (a *answer) says(text string) bool { return strings.Contains(a.message, text) }

// final reports whether another server, or the same one later, would answer the same,
// and a write was surely not made.
func (a *answer) final() bool {
	switch a.code {
	case codeInvalid, codeDenied, codeExhausted, codePrecondition, codeRange, codeMissing, codeNoLogin:
		return !a.says("future revision")
	case 0: // not by etcd's own code, but before it
		return a.status >= 300 && a.status < 500
	}
	return false
}

// stale reports whether a new token would help.
func (a *answer) stale() bool {
	return a.code == codeNoLogin || a.code == codeInvalid && (a.says("user name is empty") || a.says("auth store is old"))
}

// refusal is what etcd answers to this client however often it asks.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

func isRefusal(err error) bool {
	var r refusal
	return errors.As(err, &r)
}

// explain turns a final answer into what a person can act on.
func (c *client) explain(a *answer, act string) error {
	if a.code == codeRange && a.says("compacted") {
		return errCompacted
	}
	return refusal{c.meaning(a, act)}
}

func (c *client) meaning(a *answer, act string) error {
	switch {
	case a.says("request is too large"), a.says("message larger than max"):
		return fmt.Errorf("%w for this etcd server: its limit for requests (--max-request-bytes) is below 1.5 MiB", backend.ErrTooLarge)
	case a.code == codeExhausted && a.says("space"):
		return errors.New("etcd's database is full, and takes no more writes: ask the cluster's administrator to compact and defragment it and to disarm the alarm (etcdctl alarm list)")
	case a.code == codeDenied:
		who := "nobody (no etcd user is configured)"
		if c.login != nil {
			who = fmt.Sprintf("the user %q", c.login.user)
		}
		return fmt.Errorf("%w: %s may not %s the key %s and what begins with it. Ask the cluster's administrator for\n  etcdctl role grant-permission ROLE %s --prefix=true %s",
			ErrPermission, who, act, c.key, permission[act], c.key)
	case a.says("CommonName"), a.says("Common Name"):
		return fmt.Errorf("%w: the client certificate has a Common Name, and etcd's JSON gateway refuses those where users are on. Ask for a certificate with an empty subject, its names in the subject alternative names", ErrLogin)
	case a.says("invalid user ID or password"):
		return fmt.Errorf("%w: the user %q or its password is wrong", ErrLogin, c.loginUser())
	case a.says("user name is empty"):
		return fmt.Errorf("%w: the cluster has users, and none is configured here. Set the etcd user and its password", ErrLogin)
	case a.stale():
		return fmt.Errorf("%w: it refuses a token that it has just given. If the cluster uses JWT tokens, all servers need the same key", ErrLogin)
	case a.status == 404 && a.code == 0, a.code == codeMissing:
		return errors.New("the server has no JSON gateway at /v3: etcd 3.4 or later has it, unless it was started with --enable-grpc-gateway=false")
	}
	return a
}

const (
	toRead  = "read"
	toWrite = "write"
)

// permission is what etcdctl calls the right to act.
var permission = map[string]string{toRead: "read", toWrite: "readwrite"}
