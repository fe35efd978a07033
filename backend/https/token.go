package https

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
)

const (
	tokenVariable = "FLASK_VAULT_HTTPS_TOKEN"      //nolint:gosec // the name of it
	tokenFile     = "FLASK_VAULT_HTTPS_TOKEN_FILE" //nolint:gosec // the same
	tokenHost     = "FLASK_VAULT_HTTPS_TOKEN_HOST" //nolint:gosec // the same
)

// TokenFromFile reads the token from a file before each request, without white space at
// its ends, so that it can be replaced while the program runs.
func TokenFromFile(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return readToken(path) }
}

// TokenFromEnv takes the token from a variable.
func TokenFromEnv(name string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		token := strings.TrimSpace(os.Getenv(name))
		if token == "" {
			return "", fmt.Errorf("the variable %s, which is to hold a token, is empty", name)
		}
		return token, nil
	}
}

func readToken(path string) (string, error) {
	const most = 64 << 10
	text, err := durable.ReadFile(path, most)
	if err != nil {
		return "", fmt.Errorf("cannot read the token: %s: %v", path, durable.WithoutPath(err)) //nolint:errorlint // no system error of a file is to pass for one of the network
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("the file %s, which is to hold a token, is empty", path)
	}
	return token, nil
}

// token is the one for a URL, "" for none.
func (s *Store) token(ctx context.Context, u *url.URL) (string, error) {
	token, err := s.findToken(ctx, u)
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", errors.New("the token has a character that none has, such as white space inside")
	}
	return token, err
}

func (s *Store) findToken(ctx context.Context, u *url.URL) (string, error) {
	if s.o.Token != nil {
		return s.o.Token(ctx)
	}
	token, file, host := s.o.Getenv(tokenVariable), s.o.Getenv(tokenFile), s.o.Getenv(tokenHost)
	switch {
	case token == "" && file == "":
		return "", nil
	case host == "":
		return "", fmt.Errorf("there is a token in the environment, and nobody says for which host: set %s=%s if it is for that one", tokenHost, u.Host)
	case !strings.EqualFold(host, u.Host):
		return "", nil
	case token != "":
		return strings.TrimSpace(token), nil
	}
	return readToken(file)
}

// tokenFrom is how errors call where the token comes from.
func (s *Store) tokenFrom() string {
	switch {
	case s.o.Token != nil && s.o.TokenFrom != "":
		return s.o.TokenFrom
	case s.o.Token != nil:
		return "this program"
	case s.o.Getenv(tokenVariable) != "":
		return "the variable " + tokenVariable
	}
	return "the file that " + tokenFile + " names"
}
