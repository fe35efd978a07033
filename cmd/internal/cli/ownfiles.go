package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/backend/config"
)

// refuseOwn refuses to put other content in the place of a file without which vaults do
// not open, of any environment: a key file, the previous keys or the configuration. That
// is a slip even with --force, and the keys would be nowhere else. A plaintext may not
// take the place of a document either.
func (a *app) refuseOwn(c *config.Config, output string, plaintext bool) error {
	path, err := filepath.Abs(output)
	if err != nil {
		return err
	}
	there, err := os.Lstat(path)
	if err != nil && !strings.HasSuffix(path, ".previous.enc") { // there is nothing to lose
		return nil //nolint:nilerr // writing it says why
	}
	same := func(own string) bool {
		info, err := os.Stat(own)
		return own == path || err == nil && there != nil && os.SameFile(info, there)
	}
	what := ""
	for _, name := range c.Environments {
		e, err := c.In(name)
		if err != nil {
			continue // its own commands tell
		}
		switch {
		case slices.ContainsFunc(e.KeyFiles(), same):
			what = "a key file"
		case same(e.PreviousPath()):
			what = "the file of the previous keys"
		case e.File != "" && same(e.File):
			what = "the configuration"
		case plaintext && (!e.Remote() && same(e.Path()) || same(e.LocalPath())):
			what = "an encrypted document"
		default:
			continue
		}
		return &codeError{&hintError{
			fmt.Errorf("%s: it is %s of the environment %s, which nothing else replaces, --force or not", c.Display(path), what, name),
			"name another file; or move this one away first, if it is not needed any more",
		}, exitPolicy}
	}
	return nil
}
