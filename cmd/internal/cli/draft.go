package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
)

// unsavedError is an error that leaves a person's text unsaved. The text is
// not exported, so nothing prints it.
type unsavedError struct {
	error
	text []byte
}

func (e *unsavedError) Unwrap() error { return e.error }
func (e *unsavedError) Text() []byte  { return e.text }

// maxDrafts is how many drafts of one document lie side by side at most.
const maxDrafts = 100

// isDraft reports whether a file has a name that writeDraft gives.
func isDraft(path string) bool {
	return strings.HasSuffix(strings.TrimRight(path, "0123456789"), ".draft")
}

// inEnvironment is the flag that has a command work in the same environment, with a
// space before it.
func inEnvironment(c *config.Config) string {
	if c.Environment == config.DefaultEnvironment {
		return ""
	}
	return " --env " + quote(c.Environment)
}

// refuseDraft refuses a draft of another environment's document: its text would take
// the place of this one's.
func (a *app) refuseDraft(c *config.Config, draft string) error {
	path, err := filepath.Abs(draft)
	if err != nil || !isDraft(path) {
		return err
	}
	path = strings.TrimSuffix(strings.TrimRight(path, "0123456789"), ".draft")
	of := func(e *config.Config) bool { return path == e.Path() || sameFile(path, e.Path()) }
	if of(c) {
		return nil
	}
	for _, name := range c.Environments {
		if e, err := c.In(name); err == nil && of(e) {
			return &usageError{
				msg:  fmt.Sprintf("%s is a draft of the environment %s, and this is %s", draft, name, c.Environment),
				hint: fmt.Sprintf("%s edit --env %s --draft %s opens it there", a.name, quote(name), quote(draft)),
			}
		}
	}
	return nil
}

// keepDraft keeps the text that an error left unsaved, encrypted, beside the
// document, or where it would be if it were a file, and says in the error how to
// take it up again.
func (a *app) keepDraft(c *vault, v *backend.Vault, err error) error {
	var unsaved interface{ Text() []byte }
	if !errors.As(err, &unsaved) || unsaved.Text() == nil {
		return err
	}
	blob, serr := v.Seal(unsaved.Text(), nil)
	if serr != nil {
		return errors.Join(err, serr)
	}
	name := c.Display(c.Path())
	if c.Remote() {
		serr = os.MkdirAll(filepath.Dir(c.Path()), 0o755)
	}
	if serr == nil {
		name, serr = writeDraft(name, blob)
	}
	if serr != nil {
		return errors.Join(err, fmt.Errorf("your text could not be kept either: %w", serr))
	}
	return &hintError{
		error: fmt.Errorf("%w; your text is kept, encrypted, in %s", err, name),
		hint:  fmt.Sprintf("%s edit%s --draft %s opens it again", a.name, inEnvironment(c.Config), quote(name)),
	}
}

// writeDraft writes a blob to the first free name: FILE.draft, FILE.draft2, …
func writeDraft(file string, blob []byte) (string, error) {
	for n := 1; ; n++ {
		name := file + ".draft"
		if n > 1 {
			name = fmt.Sprintf("%s.draft%d", file, n)
		}
		f, err := durable.New(name, 0o600)
		if err != nil {
			return "", err
		}
		if _, err = f.Write(blob); err == nil {
			err = f.Create()
		}
		f.Discard()
		if err == nil || !errors.Is(err, fs.ErrExist) || n == maxDrafts {
			return name, err
		}
	}
}
