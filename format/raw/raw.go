// Package raw is the format of files that are kept encrypted as a whole: any
// bytes, without named values. A registry ends in it, so that it serves every
// file name that no other format claims.
package raw

import "github.com/flask-vault/flask-vault/format"

// Format is any bytes. It implements [format.Format]; its zero value is ready.
type Format struct{}

var _ format.Format = Format{}

// Name returns "raw".
func (Format) Name() string { return "raw" }

// Extensions returns nil: raw is what is left.
func (Format) Extensions() []string { return nil }

// Template returns an empty text.
func (Format) Template() []byte { return nil }

// Parse accepts any bytes.
func (Format) Parse(text []byte) (format.Document, error) { return document(text), nil }

const msg = "the file is not a document of named values; read or edit it as a whole"

// document implements [format.Document].
type document []byte

func (d document) Get(path string) (format.Value, error) {
	return format.Value{}, &format.NotFoundError{Path: path, Hint: msg}
}

func (d document) Names() []string { return nil }

func (d document) Set(path, _ string) error { return &format.PathError{Path: path, Msg: msg} }

func (d document) Unset(path string) error { return &format.NotFoundError{Path: path, Hint: msg} }

func (d document) Bytes() []byte { return d }
