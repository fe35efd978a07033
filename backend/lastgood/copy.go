package lastgood

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
)

// Remembered is how many replaced documents a copy remembers at most.
const Remembered = 256

// saved is what the file of a copy holds: a line of JSON, and behind it the sealed
// document. The file's time is when the store was last known to have it.
type saved struct {
	Format   int             `json:"flask_vault_copy"` // 1
	Version  backend.Version `json:"version"`
	SHA256   string          `json:"sha256"`             // of the document, in hex
	Replaced []string        `json:"replaced,omitempty"` // SHA-256 of documents, the newest last

	blob []byte
	when time.Time
}

func sum(blob []byte) string {
	h := sha256.Sum256(blob)
	return hex.EncodeToString(h[:])
}

// read reads a copy. A missing or damaged one is the zero value and no error: it is
// made anew with the next load.
func read(path string) (saved, error) {
	info, err := os.Stat(path) // first: of a copy that is replaced meanwhile, the time is too old and not too new
	if errors.Is(err, fs.ErrNotExist) {
		return saved{}, nil
	}
	if err != nil {
		return saved{}, err
	}
	text, err := durable.ReadFile(path, backend.MaxDocument)
	if err != nil {
		return saved{}, err
	}
	line, blob, _ := bytes.Cut(text, []byte("\n"))
	var c saved
	if err := json.Unmarshal(line, &c); err != nil || c.Format != 1 || c.SHA256 != sum(blob) {
		return saved{}, nil
	}
	c.blob, c.when = blob, info.ModTime()
	return c, nil
}

// there reports whether there is a copy.
func (c *saved) there() bool { return c.Format == 1 }

// next is the copy after a document has taken the place of c's.
func (c *saved) next(snap backend.Snapshot) saved {
	n := saved{Format: 1, Version: snap.Version, SHA256: sum(snap.Blob), Replaced: c.Replaced, blob: snap.Blob}
	if c.there() && c.SHA256 != n.SHA256 {
		// One that was accepted, or saved here, may be among them.
		n.Replaced = slices.DeleteFunc(slices.Clone(c.Replaced), func(hash string) bool { return hash == n.SHA256 })
		n.Replaced = append(n.Replaced, c.SHA256)
		n.Replaced = n.Replaced[max(0, len(n.Replaced)-Remembered):]
	}
	return n
}

func (c *saved) write(path string) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return durable.WriteSecret(path, slices.Concat(line, []byte("\n"), c.blob), (*durable.File).Replace)
}

// makeDir makes the directory of a copy, for the user alone.
func makeDir(path string) error { return os.MkdirAll(filepath.Dir(path), 0o700) }

// confirm notes that the store still has what the copy has.
func confirm(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

// Path is the default path of the copy of a store, of which id is the URL or any
// other text that stands for it alone: in flask-vault in the user's cache directory
// (XDG_CACHE_HOME), named by a hash of id.
func Path(id string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "flask-vault", sum([]byte(id))[:32]+".copy"), nil
}

// Kept tells how long ago the store was last known to have what the copy at path has.
// It fails with [fs.ErrNotExist] where there is no copy.
func Kept(path string) (time.Duration, error) {
	c, err := read(path)
	if err != nil {
		return 0, err
	}
	if !c.there() {
		return 0, fs.ErrNotExist
	}
	return max(0, time.Since(c.when)), nil
}
