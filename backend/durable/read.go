package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// InputError says why a file is not read: what it is, or how large. It names no path.
type InputError struct {
	Reason string
	Limit  int64 // bytes, if it has more than that; else 0
}

func (e *InputError) Error() string { return e.Reason }

// ErrEmptyPipe is an *[InputError] that says that a pipe has no content.
var ErrEmptyPipe error = &InputError{Reason: "it is a pipe, and nobody writes to it"}

// ReadFile reads a regular file of at most limit bytes. Whatever else has the name,
// such as a named pipe that nobody writes to or a device without end, is an
// *[InputError] at once. Other errors are those of [os.ReadFile].
func ReadFile(path string, limit int64) ([]byte, error) { return read(path, limit, false) }

// ReadInput is [ReadFile] for a file that a person names, which may be a pipe, such
// as one of a shell's <(COMMAND). A pipe without content is refused: a named one that
// nobody writes to looks alike.
func ReadInput(path string, limit int64) ([]byte, error) { return read(path, limit, true) }

func read(path string, limit int64, pipes bool) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	pipe := info.Mode()&fs.ModeNamedPipe != 0
	if !pipe || !pipes {
		if err := Regular(info); err != nil {
			return nil, err
		}
		if info.Size() > limit {
			return nil, tooLarge(limit)
		}
	}
	text, err := readAll(f, limit)
	if err == nil && pipe && len(text) == 0 {
		err = ErrEmptyPipe
	}
	return text, err
}

func tooLarge(limit int64) error {
	return &InputError{Reason: fmt.Sprintf("too large: at most %d bytes are possible", limit), Limit: limit}
}

// Open opens a file for reading. It does not wait for somebody to write to a named pipe.
func Open(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|noWait, 0) }

// readAll reads to the end, and fails with an *[InputError] after limit bytes.
func readAll(f *os.File, limit int64) ([]byte, error) {
	r := io.LimitReader(f, limit+1)
	var b bytes.Buffer
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		b.Grow(int(min(info.Size(), limit)) + bytes.MinRead) // all in one piece, and the end seen
		_, err = b.ReadFrom(r)
		return within(b.Bytes(), limit, err)
	}
	// A buffer that grows by doubling would take four times the limit.
	var pieces [][]byte
	for {
		piece := make([]byte, min(64<<10<<min(len(pieces), 6), limit+1))
		n, err := io.ReadFull(r, piece)
		pieces = append(pieces, piece[:n])
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return within(bytes.Join(pieces, nil), limit, nil)
		case err != nil:
			return nil, err
		}
	}
}

func within(text []byte, limit int64, err error) ([]byte, error) {
	if err == nil && int64(len(text)) > limit {
		err = tooLarge(limit)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}
