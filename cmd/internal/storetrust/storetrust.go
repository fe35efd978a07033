// Package storetrust remembers which stores beyond a local file the user has agreed to.
//
// A flask-vault.yaml in a repository that somebody clones names a URL, and beside it
// the credentials to show there: without a question asked, any command in that
// repository would send a password or a signature to a host of its author's
// choice. So, as with plugins, a project names, and the user allows: a [Book] has
// one record for each URL, with the settings that were agreed to and the SHA-256 of
// the authority's certificates. Whatever changes any of them asks anew.
package storetrust

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// Record is what was agreed to.
type Record struct {
	URL      string            `json:"url"`
	Settings map[string]string `json:"settings"` // by their names in flask-vault.yaml, and ca_sha256
	Agreed   time.Time         `json:"agreed"`
}

// UntrustedError says that the user has not agreed to a store, or to other settings.
type UntrustedError struct {
	URL     string
	Changed []string // settings that are others than was agreed to; empty if nothing was
}

// Error does not name the store: who was to ask it does.
func (e *UntrustedError) Error() string {
	if len(e.Changed) == 0 {
		return "nothing is sent there before you have agreed to it once"
	}
	return fmt.Sprintf("nothing is sent there, since you agreed to other settings: %s changed", strings.Join(e.Changed, ", "))
}

// Book is a directory of records.
type Book struct{ dir string }

// At is the book in a directory, which need not exist yet.
func At(dir string) *Book { return &Book{dir} }

// Default is the user's book: stores, in [trust.DataDir]. Where plugins are does not
// matter: who moves them has agreed to no less.
func Default() (*Book, error) {
	dir, err := trust.DataDir()
	if err != nil {
		return nil, err
	}
	return At(filepath.Join(dir, "stores")), nil
}

// Dir is the book's directory.
func (b *Book) Dir() string { return b.dir }

const suffix = ".json"

func (b *Book) path(url string) string {
	sum := sha256.Sum256([]byte(url))
	return filepath.Join(b.dir, hex.EncodeToString(sum[:16])+suffix)
}

// settings are those of a location, as they are agreed to.
func settings(l location.Location) (map[string]string, error) {
	all := map[string]string{}
	for _, s := range l.Settings() {
		all[s.Name] = s.Value
	}
	if l.CA != "" {
		text, err := durable.ReadFile(l.CA, location.MaxCA)
		if err != nil {
			return nil, fmt.Errorf("store.ca: %s: %w", l.CA, durable.WithoutPath(err))
		}
		sum := sha256.Sum256(text)
		all["ca_sha256"] = hex.EncodeToString(sum[:])
	}
	return all, nil
}

// Check returns an *[UntrustedError] unless the user has agreed to a location as it is.
func (b *Book) Check(l location.Location) error {
	r, err := b.read(b.path(l.URL))
	if errors.Is(err, fs.ErrNotExist) {
		return &UntrustedError{URL: l.URL}
	}
	if err != nil {
		return err
	}
	now, err := settings(l)
	if err != nil {
		return err
	}
	var changed []string
	for name, value := range now {
		if r.Settings[name] != value {
			changed = append(changed, name)
		}
	}
	for name := range r.Settings {
		if _, ok := now[name]; !ok {
			changed = append(changed, name)
		}
	}
	if len(changed) > 0 || r.URL != l.URL {
		slices.Sort(changed)
		return &UntrustedError{URL: l.URL, Changed: changed}
	}
	return nil
}

// Agree records that the user agrees to a location.
func (b *Book) Agree(l location.Location) error {
	all, err := settings(l)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(Record{URL: l.URL, Settings: all, Agreed: time.Now().UTC().Truncate(time.Second)}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	return durable.WriteSecret(b.path(l.URL), append(text, '\n'), (*durable.File).Replace)
}

// Remove takes the agreement back. It reports whether there was one.
func (b *Book) Remove(url string) (bool, error) {
	err := os.Remove(b.path(url))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// List returns all records, in the order of their URLs.
func (b *Book) List() ([]Record, error) {
	entries, err := os.ReadDir(b.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var records []Record
	var bad []error
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		r, err := b.read(filepath.Join(b.dir, e.Name()))
		if err != nil {
			bad = append(bad, err)
			continue
		}
		records = append(records, r)
	}
	slices.SortFunc(records, func(x, y Record) int { return strings.Compare(x.URL, y.URL) })
	return records, errors.Join(bad...)
}

// read reads a record that the user alone can have written.
func (b *Book) read(path string) (Record, error) {
	var r Record
	for _, p := range []string{b.dir, path} {
		info, err := os.Lstat(p)
		if err != nil {
			return r, err
		}
		if !info.IsDir() && !info.Mode().IsRegular() || !ours(info) {
			return r, fmt.Errorf("%s: others can write it, so it does not count as your agreement; remove it and agree again", p)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil || r.URL == "" {
		return r, fmt.Errorf("%s: it is not a record of an agreement; remove it and agree again", path)
	}
	return r, nil
}
