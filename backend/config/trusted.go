package config

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// trustedVariable names users whose vaults are opened as if they were this user's:
// those of a directory that a container gets from its host, for example.
const trustedVariable = "FLASK_VAULT_TRUSTED_OWNERS"

// UntrustedError says that a configuration, or the directory that a key is to be made in,
// belongs to somebody else, who could have this user's secrets encrypted with their key.
type UntrustedError struct {
	Path  string
	Owner int // user id
}

func (e *UntrustedError) Error() string {
	return fmt.Sprintf("%s: it belongs to another user (user id %d), so it is not read", e.Path, e.Owner)
}

// trustedOwners are the user ids that the variable has.
func trustedOwners() ([]int, error) {
	var ids []int
	for field := range strings.SplitSeq(os.Getenv(trustedVariable), ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		id, err := strconv.ParseUint(field, 10, 32)
		if err != nil {
			return nil, &Error{Where: trustedVariable, Msg: "it is not a list of user ids such as 1000,1001"}
		}
		ids = append(ids, int(id))
	}
	return ids, nil
}

// checkOwner refuses a file or directory that belongs neither to this user, nor to
// root, nor to somebody whom the user trusts. What is not there is nobody's.
func (c *Config) checkOwner(path string) error {
	info, err := os.Stat(path)
	if err == nil && durable.Foreign(info, c.TrustedOwners) {
		return &UntrustedError{Path: path, Owner: durable.Owner(info)}
	}
	return nil
}
