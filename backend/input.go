package backend

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/backend/gcmstream"
)

// input is where content comes from: a file, a pipe or memory.
type input struct {
	name string
	r    io.Reader
	size int64 // -1 if it is not known

	seeker io.Seeker // nil if it can be read but once
	start  int64     // where its content begins

	named bool // a pipe that has a name, so that perhaps nobody writes to it

	close func()
}

// openInput opens the file at path for reading. It may be a pipe, but no device.
func openInput(path string) (*input, error) {
	f, err := durable.Open(path)
	if err != nil {
		return nil, pathReason(path, err)
	}
	info, err := f.Stat()
	if err == nil && info.Mode()&fs.ModeNamedPipe == 0 {
		err = durable.Regular(info)
	}
	if err != nil {
		_ = f.Close()
		return nil, pathReason(path, err)
	}
	in, err := newInput(path, f)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	in.named = info.Mode()&fs.ModeNamedPipe != 0
	in.close = func() { _ = f.Close() }
	return in, nil
}

// newInput takes the content of r from where it stands.
func newInput(name string, r io.Reader) (*input, error) {
	in := &input{name: name, r: r, size: -1, close: func() {}}
	switch r := r.(type) {
	case *bytes.Reader:
		in.size, in.seeker, in.start = int64(r.Len()), r, r.Size()-int64(r.Len())
	case *os.File:
		info, err := r.Stat()
		if err != nil {
			return nil, pathReason(name, err)
		}
		if info.IsDir() {
			return nil, pathReason(name, durable.Regular(info))
		}
		// What is no regular file may have a size that means nothing, or a position
		// that it ignores.
		if !info.Mode().IsRegular() {
			break
		}
		if in.start, err = r.Seek(0, io.SeekCurrent); err == nil {
			in.size, in.seeker = max(0, info.Size()-in.start), r
		}
	}
	return in, nil
}

// Read reads on. Its error names the input.
func (in *input) Read(b []byte) (int, error) {
	n, err := in.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = pathReason(in.name, err)
	}
	return n, err
}

// rewind goes back to where the content begins.
func (in *input) rewind() error {
	if _, err := in.seeker.Seek(in.start, io.SeekStart); err != nil {
		return pathReason(in.name, err)
	}
	return nil
}

// whole returns all of the content if it is small, or nil and no error if it is
// to be taken piece by piece.
func (in *input) whole() ([]byte, error) {
	stream := gcmstream.Available()
	if stream && in.size > streamFrom {
		return nil, nil
	}
	buf := bytes.NewBuffer(make([]byte, 0, max(0, in.size)+bytes.MinRead))
	var r io.Reader = in
	if stream {
		r = io.LimitReader(in, streamFrom+1)
	}
	if _, err := buf.ReadFrom(r); err != nil {
		clear(buf.Bytes())
		return nil, err
	}
	if in.named && buf.Len() == 0 {
		return nil, pathReason(in.name, durable.ErrEmptyPipe)
	}
	if !stream || buf.Len() <= streamFrom {
		return buf.Bytes(), nil
	}
	// More came than was announced.
	in.size = -1
	if in.seeker != nil {
		clear(buf.Bytes())
		return nil, in.rewind()
	}
	in.r = io.MultiReader(buf, in.r)
	return nil, nil
}

// spool copies an input that can be read but once into a temporary file. It is for
// sealed content alone. On most systems the file has no name any more when
// this returns.
func (in *input) spool() error {
	f, err := os.CreateTemp("", ".flask-vault-*.tmp")
	if err != nil {
		return fmt.Errorf("%s: cannot be kept for a second reading: %w", in.name, err)
	}
	remove := func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	_ = os.Remove(f.Name()) // not where an open file cannot be removed
	size, err := io.Copy(f, in)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		remove()
		return fmt.Errorf("%s: cannot be kept for a second reading: %w", in.name, err)
	}
	before := in.close
	in.r, in.seeker, in.start, in.size = f, f, 0, size
	in.close = func() {
		remove()
		before()
	}
	return nil
}
