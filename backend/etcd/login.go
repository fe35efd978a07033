package etcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

const authPath = "/v3/auth/authenticate"

// login has the token of a user. etcd checks a password slowly, on purpose, so all
// requests share one token, and one at a time fetches it.
type login struct {
	user     string
	password func(context.Context) (string, error)
	state    chan *token // holds one, while nobody fetches
}

type token struct {
	value string // "" where the cluster has no users switched on
	known bool
}

func newLogin(user string, password func(context.Context) (string, error)) *login {
	l := &login{user: user, password: password, state: make(chan *token, 1)}
	l.state <- new(token)
	return l
}

// drop forgets a token that etcd refused, if it is still the one.
func (l *login) drop(value string) {
	t := <-l.state
	if t.value == value {
		t = new(token)
	}
	l.state <- t
}

// doubt forgets the token of a request that was not answered in time. A token has the
// index of etcd's log at which it was given, and etcd waits until it is there: where the
// cluster was restored from a backup or made anew, that is not for weeks.
func (c *client) doubt(token string) {
	if c.login != nil && token != "" {
		c.login.drop(token)
	}
}

// token is the token to send, "" if there is no user. It asks the server for one
// if there is none yet.
func (c *client) token(ctx context.Context, endpoint string) (string, error) {
	if c.login == nil {
		return "", nil
	}
	var t *token
	select {
	case t = <-c.login.state:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { c.login.state <- t }()
	if t.known {
		return t.value, nil
	}
	value, err := c.authenticate(ctx, endpoint)
	if err != nil {
		return "", err
	}
	t = &token{value: value, known: true}
	return value, nil
}

func (c *client) authenticate(ctx context.Context, endpoint string) (string, error) {
	password, err := c.login.password(ctx)
	if err != nil {
		return "", own{fmt.Errorf("the password of the etcd user %q: %w", c.login.user, err)}
	}
	body, err := json.Marshal(authRequest{Name: c.login.user, Password: password}) //nolint:gosec // it is for etcd, which asks for it
	if err != nil {
		return "", own{err}
	}
	defer clear(body)
	text, _, err := c.post(ctx, endpoint, authPath, "", maxReply, body)
	var a *answer
	if errors.As(err, &a) && a.code == codePrecondition && a.says("not enabled") {
		return "", nil // as etcd's own client does: then nobody needs one
	}
	if err != nil {
		return "", err
	}
	var reply authReply
	if err := decode(text, &reply); err != nil {
		return "", err
	}
	if reply.Token == "" {
		return "", errors.New("it gave no token for the login")
	}
	return reply.Token, nil
}
