package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// regularFile refuses a FILE that encrypt cannot put another file beside: the
// result for a device or a pipe would lie in /dev, where root may even write.
func (a *app) regularFile(file string) error {
	err := kindOfFile(file)
	if errors.Is(err, durable.ErrNotRegular) {
		return &codeError{&hintError{err, a.name + " encrypt - -o OUT takes the content from standard input"}, exitPolicy}
	}
	return err
}

// readableFile refuses a FILE that has no end or no content. A pipe has both, as
// in decrypt <(git show HEAD:x.enc).
func readableFile(file string) error {
	info, err := os.Stat(file)
	if err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		return nil
	}
	return kindOfFile(file)
}

// kindOfFile is an error that wraps durable.ErrNotRegular unless a path leads to
// a regular file. What cannot be looked at is for the reader to complain about.
func kindOfFile(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return nil //nolint:nilerr // reading it says why
	}
	if err := durable.Regular(info); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
