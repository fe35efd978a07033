package trust

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/plugins/launch"
)

const (
	stagingPrefix = ".staging-"
	recordPrefix  = ".record-"
	stagedName    = "staged"
	staleAfter    = time.Hour
)

// Staged is an executable that was copied into the store and is not a plugin
// yet. The caller ends it with [Staged.Commit] or [Staged.Discard].
type Staged struct {
	store  *Store
	sub    *Store // a store of its own that holds the copy alone, under the name "staged"
	record Record
}

var errTooLarge = fmt.Errorf("it is larger than %d MiB", launch.MaxSize>>20)

// Stage copies the executable at path into the store.
func (s *Store) Stage(path string) (*Staged, error) {
	refuse := func(why string, err error) error {
		return &Error{Kind: Refused, Message: fmt.Sprintf("%s cannot be installed: %s", path, why), Err: err}
	}
	// An open of a named pipe would wait for somebody who writes to it.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, refuse("it is not a plain file", nil)
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, refuse(reason(err), err)
	}
	defer in.Close()
	info, err := in.Stat()
	switch {
	case err != nil:
		return nil, refuse(reason(err), err)
	case !info.Mode().IsRegular():
		return nil, refuse("it is not a plain file", nil)
	case !executable(info):
		return nil, &Error{Kind: Refused, Message: path + " cannot be installed: it is not executable", Command: "chmod +x " + path}
	case info.Size() > launch.MaxSize:
		return nil, refuse(errTooLarge.Error(), nil)
	}
	root, err := s.make()
	if err != nil {
		return nil, s.explain("", err)
	}
	defer root.Close()
	sweep(root)
	dir := stagingPrefix + rand.Text()
	if err := root.Mkdir(dir, 0o700); err != nil {
		return nil, s.explain("", err)
	}
	st := &Staged{store: s, sub: &Store{dir: filepath.Join(s.dir, dir)}}
	if err := st.copy(in); err != nil {
		st.Discard()
		return nil, refuse(reason(err), err)
	}
	return st, nil
}

// copy writes the executable and a record of it into the staging directory.
func (st *Staged) copy(in io.Reader) error {
	root, err := st.sub.open()
	if err != nil {
		return err
	}
	defer root.Close()
	const temp = "copy"
	out, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), io.LimitReader(in, launch.MaxSize+1))
	if err == nil && n > launch.MaxSize { // it grew since it was looked at
		err = errTooLarge
	}
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	st.record = Record{SHA256: sum, File: fileName(stagedName, sum), Installed: time.Now().UTC().Truncate(time.Second)}
	return root.Rename(temp, st.record.File)
}

// Describe writes a record that says how the executable is to be spoken to, so
// that it can be run from [Staged.Store] and asked what it is.
func (st *Staged) Describe(protocol string) error {
	root, err := st.sub.open()
	if err != nil {
		return err
	}
	defer root.Close()
	r := st.record
	r.Description = Description{Name: stagedName, Version: "0", Protocol: protocol, Contract: Contract, Operations: []string{"load"}}
	return writeRecord(root, stagedName, r)
}

// Store holds the executable alone, as the plugin that [Staged.Name] names.
func (st *Staged) Store() *Store { return st.sub }

// Name is the executable's name in [Staged.Store].
func (st *Staged) Name() string { return stagedName }

// Commit makes the executable the plugin of that name, in place of an earlier
// one. Until its last step the earlier one stays in use.
func (st *Staged) Commit(name string, d Description) (Record, error) {
	defer st.Discard()
	if err := CheckName(name); err != nil {
		return Record{}, err
	}
	if err := d.Check(); err != nil {
		return Record{}, &Error{Plugin: name, Kind: Refused, Message: fmt.Sprintf("cannot be installed: %v", err), Err: err}
	}
	root, err := st.store.open()
	if err != nil {
		return Record{}, st.store.explain(name, err)
	}
	defer root.Close()
	unlock, err := st.store.lock(root)
	if err != nil {
		return Record{}, err
	}
	defer unlock()
	earlier, _ := readRecord(root, name)
	r := st.record
	r.Description = d
	r.Name, r.File = name, fileName(name, r.SHA256)
	if err := root.Rename(filepath.Join(filepath.Base(st.sub.dir), st.record.File), r.File); err != nil {
		return Record{}, st.store.explain(name, err)
	}
	if err := writeRecord(root, name, r); err != nil {
		return Record{}, st.store.explain(name, err)
	}
	if earlier.File != "" && earlier.File != r.File {
		_ = root.Remove(earlier.File)
	}
	return r, nil
}

// Discard removes what is staged. It may be called again.
func (st *Staged) Discard() { _ = os.RemoveAll(st.sub.dir) }

// writeRecord writes a record so that it is there as a whole or not at all.
func writeRecord(root *os.Root, name string, r Record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	temp := recordPrefix + rand.Text()
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = root.Rename(temp, name+recordSuffix)
	}
	if err != nil {
		_ = root.Remove(temp)
		return err
	}
	return syncDir(root)
}

// syncDir makes renames last over a crash where the system can do that.
func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync() // not every file system has it
	return nil
}

// sweep removes what installations and starts left behind when they were
// killed, once it is surely not in use.
func sweep(root *os.Root) {
	d, err := root.Open(".")
	if err != nil {
		return
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !isLeftover(e.Name()) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			_ = root.RemoveAll(e.Name())
		}
	}
}

// isLeftover reports whether a name is one that an installation or a start makes: the
// directory may hold other things, such as .git, or be the user's home.
func isLeftover(name string) bool {
	for _, prefix := range [...]string{stagingPrefix, recordPrefix, launch.RunPrefix} {
		if random, ok := strings.CutPrefix(name, prefix); ok && random != "" && strings.Trim(random, upper+digits) == "" {
			return true
		}
	}
	return false
}

// reason is an error without the path that the message names already.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
