package editor

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/flask-vault/flask-vault/cmd/internal/private"
)

// session is a private directory with the plaintext in it.
type session struct {
	dir     string
	file    string
	private *private.Dir
}

// newSession writes o.Text to a fresh directory in the first of the memory
// directories that takes it, else in o.Fallback, with a warning.
func newSession(memory []string, o Options) (*session, error) {
	s := &session{}
	d, onDisk, err := private.Make(memory, o.Fallback, func(d *private.Dir) (err error) {
		if s.file, err = d.Write(fileName(o.Name), o.Text, o.ReadOnly); err != nil {
			err = fmt.Errorf("write the plaintext for the editor: %w", err)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.private, s.dir = d, d.Path()
	if onDisk {
		fmt.Fprintf(o.Err, "warning: there is no memory-backed directory for the plaintext; until the editor ends it is on disk in %s\n", filepath.Dir(s.dir))
	}
	return s, nil
}

func (s *session) close() error { return s.private.Remove() }

// remove is close for a defer: what stays is told to the person.
func (s *session) remove(warn io.Writer) {
	if err := s.close(); err != nil {
		fmt.Fprintf(warn, "warning: the plaintext could not be removed, please remove %s yourself: %v\n", s.dir, err)
	}
}
