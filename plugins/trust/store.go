package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/plugins/launch"
)

const (
	recordSuffix = ".json"
	maxRecord    = 64 << 10
)

// fileName is the name of a plugin's executable. A plugin's name has no dot, so
// no two plugins can share a file.
func fileName(name, sum string) string {
	file := name + "." + sum[:16]
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	return file
}

// Get returns the record of a plugin. Its error is an *[Error].
func (s *Store) Get(name string) (Record, error) {
	root, r, err := s.get(name)
	if err != nil {
		return Record{}, err
	}
	return r, root.Close()
}

func (s *Store) get(name string) (*os.Root, Record, error) {
	if err := CheckName(name); err != nil {
		return nil, Record{}, err
	}
	root, err := s.open()
	if err != nil {
		return nil, Record{}, s.explain(name, err)
	}
	r, err := readRecord(root, name)
	if err != nil {
		_ = root.Close()
		return nil, Record{}, s.explain(name, err)
	}
	return root, r, nil
}

func readRecord(root *os.Root, name string) (Record, error) {
	f, err := openFile(root, name+recordSuffix)
	if err != nil {
		return Record{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return Record{}, err
	}
	return parseRecord(name, text)
}

// explain turns any error about a plugin into an *Error, or one about the directory
// if name is "".
func (s *Store) explain(name string, err error) error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return err
	case name == "":
		return s.unusable(err)
	case missing(err):
		return &Error{Plugin: name, Kind: Unknown, Message: "is not installed",
			Command: "flask-vault plugin install PATH --name " + name, Err: err}
	}
	return &Error{Plugin: name, Kind: Damaged, Message: fmt.Sprintf("cannot be used (%v)", err),
		Command: "flask-vault plugin install PATH --name " + name, Err: err}
}

// Program returns a plugin's record and its executable, checked against the
// record and ready to be started; the caller closes it. Its error is an *[Error].
func (s *Store) Program(name string) (Record, *launch.Program, error) {
	r, f, err := s.executable(name)
	if err != nil {
		return Record{}, nil, err
	}
	defer f.Close()
	p, err := launch.Check(f, r.SHA256, s.dir)
	if err != nil {
		return Record{}, nil, s.changed(name, err)
	}
	return r, p, nil
}

// Hand checks a plugin's executable against the record into h. Its error is an
// *[Error].
func (s *Store) Hand(name string, h *launch.Handover) error {
	r, f, err := s.executable(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := h.Check(f, r.SHA256); err != nil {
		return s.changed(name, err)
	}
	return nil
}

// executable returns a plugin's record and its file, unchecked; the caller closes it.
func (s *Store) executable(name string) (r Record, f *os.File, err error) {
	for range retries {
		var gone *goneError
		if r, f, err = s.openExecutable(name); !errors.As(err, &gone) {
			break
		}
	}
	return r, f, err
}

// A goneError says that there is a record and not its executable, which an
// installation may have replaced between the two reads.
type goneError struct{ error }

func (e *goneError) Unwrap() error { return e.error }

func (s *Store) openExecutable(name string) (Record, *os.File, error) {
	root, r, err := s.get(name)
	if err != nil {
		return Record{}, nil, err
	}
	defer root.Close()
	f, err := openFile(root, r.File)
	if missing(err) {
		err = &goneError{err}
	}
	if err != nil {
		return Record{}, nil, s.explain(name, err)
	}
	return r, f, nil
}

func (s *Store) changed(name string, err error) error {
	if !errors.Is(err, launch.ErrChanged) {
		return s.explain(name, err)
	}
	return &Error{Plugin: name, Kind: Changed, Message: "is not run: " + err.Error(),
		Command: "flask-vault plugin install PATH --name " + name, Err: err}
}

// Verify compares a plugin's executable with its record, without running it.
// Its error is an *[Error].
func (s *Store) Verify(name string) (Record, error) {
	r, f, err := s.executable(name)
	if err != nil {
		return Record{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Record{}, s.explain(name, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != r.SHA256 {
		return r, s.changed(name, fmt.Errorf("%w: its SHA-256 is %.12s…, recorded is %.12s…", launch.ErrChanged, got, r.SHA256))
	}
	return r, nil
}

// List returns the records of all plugins in the order of their names. Records
// that cannot be used are left out, with one *[Error] for each in the error; where the
// directory cannot be used there is one alone.
func (s *Store) List() ([]Record, error) {
	root, err := s.open()
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, s.explain("", err)
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return nil, s.unusable(err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, s.unusable(err)
	}
	slices.Sort(names)
	var (
		records []Record
		bad     []error
	)
	for _, n := range names {
		name, ok := strings.CutSuffix(n, recordSuffix)
		if !ok || CheckName(name) != nil {
			continue
		}
		r, err := readRecord(root, name)
		if err != nil {
			bad = append(bad, s.explain(name, err))
			continue
		}
		records = append(records, r)
	}
	return records, errors.Join(bad...)
}

// Remove removes a plugin, also one whose record cannot be used. Its error is
// an *[Error].
func (s *Store) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	root, err := s.open()
	if err != nil {
		return s.explain(name, err)
	}
	defer root.Close()
	unlock, err := s.lock(root)
	if err != nil {
		return err
	}
	defer unlock()
	r, _ := readRecord(root, name)
	if err := root.Remove(name + recordSuffix); err != nil {
		return s.explain(name, err)
	}
	if r.File != "" {
		if err := root.Remove(r.File); err != nil && !missing(err) {
			return s.explain(name, err)
		}
	}
	return nil
}
