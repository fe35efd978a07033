// Package wrapped keeps the wrapped key of a plugin in a file beside the vault,
// where git has it: for plugins whose service wraps keys and keeps none.
package wrapped

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins"
)

// Directory is the setting in which flask-vault names the vault's directory.
const Directory = external.DirectorySetting

// File is a file below a vault's directory. A project's configuration names it,
// so it never leads out of that directory, not by a symbolic link either.
type File struct {
	dir  string
	name string // relative to dir
}

// At is the file that the setting names, or else that of the name fallback. Its
// error is that of a wrong setting.
func At(s keysource.Settings, setting, fallback string) (File, error) {
	dir, name := s[Directory], filepath.FromSlash(cmp.Or(s[setting], fallback))
	switch {
	case dir == "":
		return File{}, plugins.Errorf(plugins.BadSettings, "the setting %s is missing: flask-vault gives it with a vault; elsewhere it has to be the path of a directory", Directory)
	case !filepath.IsAbs(dir):
		return File{}, plugins.Errorf(plugins.BadSettings, "the setting %s is not an absolute path", Directory)
	case !filepath.IsLocal(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return File{}, plugins.Errorf(plugins.BadSettings, "the setting %s: the path %q leads out of the vault's directory", setting, name)
	}
	return File{dir: dir, name: name}, nil
}

// Name is the path as the setting has it.
func (f File) Name() string { return filepath.ToSlash(f.name) }

// Read returns the content, of at most limit bytes. Where there is no such file
// the error wraps [fs.ErrNotExist] and [keysource.ErrNoKey].
func (f File) Read(limit int64) ([]byte, error) {
	path, err := f.path()
	if errors.Is(err, errNoParent) {
		return nil, missing(f)
	}
	if err != nil {
		return nil, err
	}
	text, err := durable.ReadFile(path, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(f)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), reason(err))
	}
	return text, nil
}

func missing(f File) error {
	return &external.Error{Code: plugins.NoKey, Message: "there is no file " + f.Name(), Err: fs.ErrNotExist}
}

// Write replaces the content in one step, for everybody to read: what is in it
// is sealed.
func (f File) Write(text []byte) error {
	path, err := f.path()
	if errors.Is(err, errNoParent) {
		return plugins.Errorf(plugins.Failed, "%s cannot be written: there is no directory %s; make it first", f.Name(), filepath.ToSlash(filepath.Dir(f.name)))
	}
	if err != nil {
		return err
	}
	d, err := durable.New(path, 0o644)
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", f.Name(), reason(err))
	}
	defer d.Discard()
	if _, err := d.Write(text); err != nil {
		return fmt.Errorf("%s cannot be written: %w", f.Name(), reason(err))
	}
	return d.Replace()
}

var errNoParent = errors.New("there is no such directory")

// path is where the file is, without symbolic links. Its error is errNoParent where the
// directory of the file, below that of the vault, is not there.
func (f File) path() (string, error) {
	root, err := filepath.EvalSymlinks(f.dir)
	if err != nil {
		return "", plugins.Errorf(plugins.Unavailable, "the vault's directory cannot be reached: %w", reason(err))
	}
	parent, err := filepath.EvalSymlinks(filepath.Join(root, filepath.Dir(f.name)))
	if errors.Is(err, fs.ErrNotExist) {
		return "", errNoParent
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.Name(), reason(err))
	}
	if rel, err := filepath.Rel(root, parent); err != nil || !filepath.IsLocal(rel) {
		return "", plugins.Errorf(plugins.Denied, "%s: a symbolic link leads out of the vault's directory", f.Name())
	}
	path := filepath.Join(parent, filepath.Base(f.name))
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return "", plugins.Errorf(plugins.Denied, "%s is not a regular file", f.Name())
	}
	return path, nil
}

// reason drops the path from an error.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
