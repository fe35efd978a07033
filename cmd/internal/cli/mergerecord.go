package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/format/merge"
)

// mergeRecord is what is kept of a merge that a person has to finish: encrypted,
// in git's directory, where no commit takes it up.
type mergeRecord struct {
	Version int                   `json:"version"` // 1
	Path    string                `json:"path"`
	Base    []byte                `json:"base"`
	Ours    []byte                `json:"ours"`
	Theirs  []byte                `json:"theirs"`
	Merge   string                `json:"merge"` // which merge it is of, as mergeID says
	Decided map[string]merge.Side `json:"decided,omitempty"`
	Draft   []byte                `json:"draft,omitempty"` // what a person typed and could not save
}

func newRecord(sealed, plain mergeVersions) *mergeRecord {
	return &mergeRecord{Merge: mergeID(sealed), Base: plain.base, Ours: plain.ours, Theirs: plain.theirs}
}

func (r *mergeRecord) versions() mergeVersions {
	return mergeVersions{base: r.Base, ours: r.Ours, theirs: r.Theirs}
}

// mergeID names a merge by the encrypted versions of both sides, so that a record of
// a merge that was given up is not taken for one of the next.
func mergeID(sealed mergeVersions) string {
	ours, theirs := sha256.Sum256(sealed.ours), sha256.Sum256(sealed.theirs)
	return hex.EncodeToString(ours[:16]) + hex.EncodeToString(theirs[:16])
}

func (m *mergeVault) full() string { return filepath.Join(m.top, filepath.FromSlash(m.path)) }

// recordDir is where the records of a work tree lie.
func recordDir(ctx context.Context, top string) (string, error) {
	out, err := runGit(ctx, top, backend.Options{}, "rev-parse", "--git-path", "flask-vault/conflicts")
	if err != nil {
		return "", err
	}
	dir := filepath.FromSlash(strings.TrimRight(string(out), "\r\n"))
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(top, dir)
	}
	return dir, nil
}

// recordName is the name of the record of a file.
func recordName(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:16]) + ".enc"
}

func (m *mergeVault) recordPath(ctx context.Context) (string, error) {
	dir, err := recordDir(ctx, m.top)
	return filepath.Join(dir, recordName(m.path)), err
}

func (m *mergeVault) keepRecord(ctx context.Context, r *mergeRecord) error {
	path, err := m.recordPath(ctx)
	if err != nil {
		return err
	}
	r.Version, r.Path = 1, m.path
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	defer clear(text)
	blob, err := m.seal(text)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return durable.WriteSecret(path, blob, (*durable.File).Replace)
}

// record reads the record of the file; nil if there is none.
func (m *mergeVault) record(ctx context.Context) (*mergeRecord, error) {
	path, err := m.recordPath(ctx)
	if err != nil {
		return nil, err
	}
	blob, err := durable.ReadFile(path, 8*backend.MaxDocument)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := m.all.Open(blob, nil)
	if err != nil {
		return nil, nil // of another key: git itself still has the versions
	}
	defer clear(text)
	var r mergeRecord
	if err := json.Unmarshal(text, &r); err != nil || r.Version != 1 || r.Path != m.path {
		return nil, fmt.Errorf("%s: it is not the record of a merge of %s", path, m.path)
	}
	return &r, nil
}

func (m *mergeVault) dropRecord(ctx context.Context) error {
	path, err := m.recordPath(ctx)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
