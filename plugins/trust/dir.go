package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// EnvDir is the variable that names the directory of plugins.
const EnvDir = "FLASK_VAULT_PLUGIN_DIR"

// Store is a directory of plugins. It may not exist yet: then it is empty.
type Store struct{ dir string }

// At is the store in the given directory, an absolute path.
func At(dir string) (*Store, error) {
	if !filepath.IsAbs(dir) {
		return nil, &Error{Kind: UnsafeDir, Message: fmt.Sprintf("the directory of plugins %q is not an absolute path", dir)}
	}
	return &Store{dir: filepath.Clean(dir)}, nil
}

// Default is the user's store: the directory in FLASK_VAULT_PLUGIN_DIR, or
// flask-vault/plugins in the data directory of the user, which is XDG_DATA_HOME
// or ~/.local/share, and LocalAppData on Windows.
func Default() (*Store, error) {
	if dir := os.Getenv(EnvDir); dir != "" {
		return At(dir)
	}
	dir, err := DataDir()
	if err != nil {
		return nil, &Error{Kind: UnsafeDir, Message: "there is no home directory for plugins; set " + EnvDir}
	}
	return At(filepath.Join(dir, "plugins"))
}

// DataDir is flask-vault in the data directory of the user, which is XDG_DATA_HOME
// or ~/.local/share, on Windows LocalAppData. FLASK_VAULT_PLUGIN_DIR does not matter.
func DataDir() (string, error) {
	base := os.Getenv("XDG_DATA_HOME")
	if runtime.GOOS == "windows" {
		base = os.Getenv("LocalAppData")
	}
	if !filepath.IsAbs(base) { // the XDG specification says to ignore a relative one
		home, err := os.UserHomeDir()
		if err != nil || !filepath.IsAbs(home) {
			return "", errors.New("there is no home directory; set XDG_DATA_HOME")
		}
		base = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(base, "flask-vault"), nil
}

// Dir is the store's directory, an absolute path.
func (s *Store) Dir() string { return s.dir }

// open opens the directory and checks what it opened. The error of a directory
// that does not exist wraps fs.ErrNotExist.
func (s *Store) open() (*os.Root, error) {
	named, err := os.Lstat(s.dir)
	switch {
	case missing(err):
		return nil, err
	case err != nil:
		return nil, s.unusable(err)
	case !named.IsDir():
		return nil, s.unsafe("is not a directory of its own (a link, perhaps)", "")
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, s.unusable(err)
	}
	info, err := root.Stat(".")
	switch {
	case err != nil:
	case !os.SameFile(named, info):
		err = s.unsafe("was replaced just now", "")
	case othersCanWrite(info):
		err = s.unsafe("can be written by others", "chmod 700 "+s.dir)
	case !ours(info):
		err = s.unsafe("belongs to another user", "")
	default:
		return root, nil
	}
	_ = root.Close()
	return nil, err
}

// make opens the directory and makes it before if need be.
func (s *Store) make() (*os.Root, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, s.unusable(err)
	}
	return s.open()
}

func (s *Store) unsafe(why, command string) error {
	return &Error{Kind: UnsafeDir, Message: fmt.Sprintf("the directory of plugins %s %s", s.dir, why), Command: command}
}

// unusable says that the system refuses the directory.
func (s *Store) unusable(err error) error {
	return &Error{Kind: UnsafeDir, Message: fmt.Sprintf("the directory of plugins %s cannot be used (%s); %s can name another one",
		s.dir, reason(err), EnvDir), Err: err}
}

// lockTimeout is how long an installation waits for another one: as long as a save
// waits for the lock of a vault.
const lockTimeout = 10 * time.Second

// lock keeps other installations and removals out until unlock is called. The kernel
// lets go of what a killed process holds. Readers need none. Whoever can read the
// directory can hold the lock, so nobody waits for it without end.
func (s *Store) lock(root *os.Root) (unlock func(), err error) {
	f, err := openLock(root)
	if err != nil {
		return nil, s.unusable(err)
	}
	for end := time.Now().Add(lockTimeout); ; time.Sleep(10 * time.Millisecond) {
		held, err := tryLock(f)
		if err == nil && held {
			return func() { _ = f.Close() }, nil
		}
		if err == nil && time.Now().Before(end) {
			continue
		}
		_ = f.Close()
		if err != nil {
			return nil, s.unusable(err)
		}
		return nil, &Error{Kind: Busy, Message: fmt.Sprintf("another process is changing the directory of plugins %s", s.dir)}
	}
}

// retries is how often a reader begins again that met an installation. Each of
// them takes a sync to disk; who is met more often than that is no installation.
const retries = 10

var errReplaced = errors.New("it was replaced just now")

// openFile opens a plain file of the directory that the user alone can write,
// and no link.
func openFile(root *os.Root, name string) (f *os.File, err error) {
	for range retries {
		if f, err = openOnce(root, name); !errors.Is(err, errReplaced) {
			break
		}
	}
	return f, err
}

func openOnce(root *os.Root, name string) (*os.File, error) {
	named, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !named.Mode().IsRegular() {
		return nil, errors.New("it is not a plain file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !os.SameFile(named, info):
		err = errReplaced
	case othersCanWrite(info):
		err = errors.New("others can write it")
	case !ours(info):
		err = errors.New("it belongs to another user")
	default:
		return f, nil
	}
	_ = f.Close()
	return nil, err
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
