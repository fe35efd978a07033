package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
)

// regularFile refuses a FILE that encrypt cannot put another file beside: the
// result for a device or a pipe would lie in /dev, where root may even write.
func (a *app) regularFile(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return nil //nolint:nilerr // reading it says why
	}
	if err := durable.Regular(info); err != nil {
		return &codeError{&hintError{fmt.Errorf("%s: %w", file, err), a.name + " encrypt - -o OUT takes the content from standard input"}, exitPolicy}
	}
	return nil
}

// readInput reads a FILE, which may be a pipe, or, if in is not nil, from in. More
// than limit bytes are backend.ErrTooLarge. Its errors do not name the file.
func readInput(file string, in io.Reader, limit int64) ([]byte, error) {
	if in != nil {
		text, err := io.ReadAll(io.LimitReader(in, limit+1))
		if err == nil && int64(len(text)) > limit {
			err = backend.ErrTooLarge
		}
		return text, err
	}
	text, err := durable.ReadInput(file, limit)
	var input *durable.InputError
	if errors.As(err, &input) && input.Limit > 0 {
		err = backend.ErrTooLarge
	}
	return text, durable.WithoutPath(err)
}
