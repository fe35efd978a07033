package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/format/merge"
	"github.com/flask-vault/flask-vault/keysource"
)

func (a *app) gitMergeDriverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "merge-driver BASE OURS THEIRS PATH",
		Short:  "Merge three versions of an encrypted file, for git to call",
		Hidden: true,
		Long: `Merge three versions of an encrypted file by key, and put the result, encrypted, in
the place of OURS. git calls it with %O %A %B %P as the merge driver. It ends with 0
if the merge is clean; else OURS stays as it is.`,
		Example: "  git config merge.flask-vault.driver 'flask-vault git merge-driver %O %A %B %P'",
		Args:    between(4, math.MaxInt, "BASE OURS THEIRS PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := a.mergeDriver(cmd.Context(), args[0], args[1], args[2], args[3])
			var hint *hintError
			if err != nil && !errors.As(err, &hint) {
				a.note("note: %s has our version; once the error is mended, %s git resolve %s merges it", sanitize(args[3]), a.name, sanitize(quote(args[3])))
			}
			return err
		},
	}
	cmd.Flags().SetInterspersed(false) // a file can have a name like a flag
	return cmd
}

func (a *app) mergeDriver(ctx context.Context, base, ours, theirs, path string) error {
	var sealed mergeVersions
	for _, v := range []struct {
		file string
		to   *[]byte
	}{{base, &sealed.base}, {ours, &sealed.ours}, {theirs, &sealed.theirs}} {
		blob, err := durable.ReadFile(v.file, backend.MaxDocument)
		if err != nil {
			return err
		}
		*v.to = blob
	}
	top, err := os.Getwd() // git calls its drivers at the top of the work tree
	if err != nil {
		return err
	}
	if err := sweepRecords(ctx, top, true); err != nil {
		a.note("note: %s", sanitize(err.Error())) // it is no reason not to merge
	}
	m, err := a.mergeVault(ctx, top, path, sealed)
	if errors.Is(err, errForeign) {
		return mergeForeign(ctx, base, ours, theirs, path)
	}
	if err != nil {
		return err
	}
	result, err := m.merge(ctx, sealed)
	var conflict *mergeConflict
	if errors.As(err, &conflict) {
		if err := m.keepRecord(ctx, newRecord(sealed, conflict.plain)); err != nil {
			return err
		}
		return &codeError{&hintError{err, fmt.Sprintf("%s git resolve %s finishes it; the file has our version until then", a.name, quote(path))}, exitConflict}
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(result, sealed.ours) {
		if err := replace(ours, result); err != nil {
			return err
		}
	}
	return m.dropRecord(ctx)
}

// mergeForeign merges files of another program that have a name like ours as git
// does without a driver: by line, with markers.
func mergeForeign(ctx context.Context, base, ours, theirs, path string) error {
	_, err := runGit(ctx, "", backend.Options{}, "merge-file", "-L", "ours", "-L", "base", "-L", "theirs", "--", ours, base, theirs)
	if err == nil {
		return nil
	}
	return &codeError{&hintError{fmt.Errorf("%s: both sides changed it; %w", path, errForeign), "decide it as in any other file, then git add " + quote(path)}, exitConflict}
}

// replace puts content in the place of a file, with its mode.
func replace(path string, content []byte) error {
	mode := fs.FileMode(0o644)
	info, err := os.Stat(path)
	if err == nil {
		mode = info.Mode().Perm()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := durable.New(path, mode)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if info != nil { // whatever the umask
		if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return f.Replace()
}

// merge merges sealed versions to a sealed one. What is to be decided by a person
// is a *mergeConflict.
func (m *mergeVault) merge(ctx context.Context, sealed mergeVersions) ([]byte, error) {
	if m.isPrevious() {
		return m.mergePrevious(ctx, sealed)
	}
	plain, err := m.openVersions(ctx, sealed)
	if err != nil {
		return nil, err
	}
	r, err := m.three(plain, nil)
	if err != nil {
		return nil, err
	}
	for _, v := range [][]byte{sealed.ours, sealed.theirs} { // no new text where an old one will do
		if text, err := m.current.Open(v, nil); err == nil && bytes.Equal(text, r) {
			return v, nil
		}
	}
	return m.seal(r)
}

// three merges plaintexts.
func (m *mergeVault) three(plain mergeVersions, decided map[string]merge.Side) ([]byte, error) {
	r, err := merge.Three(config.Formats.ForFile(m.path), plain.base, plain.ours, plain.theirs, decided)
	conflict := &mergeConflict{path: m.path, plain: plain}
	if errors.As(err, &conflict.whole) {
		return nil, conflict
	}
	if err != nil {
		return nil, err
	}
	conflict.add(r.Conflicts)
	if len(conflict.keys) > 0 {
		return nil, conflict
	}
	return r.Text, nil
}

// seal encrypts a text, and makes sure that it opens again.
func (m *mergeVault) seal(text []byte) ([]byte, error) {
	blob, err := m.current.Seal(text, nil)
	if err != nil {
		return nil, err
	}
	back, err := m.current.Open(blob, nil)
	if err != nil || !bytes.Equal(back, text) {
		return nil, fmt.Errorf("%s: what was encrypted does not decrypt again; nothing is changed", m.path)
	}
	return blob, nil
}

func (m *mergeVault) isPrevious() bool { return m.full() == m.PreviousPath() }

// mergePrevious merges the files of previous keys: all that one side has, but for
// those that the other side forgot. The result is under the present key.
func (m *mergeVault) mergePrevious(ctx context.Context, sealed mergeVersions) ([]byte, error) {
	if err := m.learn(sealed.base, sealed.ours, sealed.theirs); err != nil {
		return nil, err
	}
	if _, err := m.openVersions(ctx, mergeVersions{nil, sealed.ours, sealed.theirs}); err != nil {
		return nil, err
	}
	ours, err := m.all.OpenKeys(sealed.ours)
	if err != nil {
		return nil, err
	}
	theirs, err := m.all.OpenKeys(sealed.theirs)
	if err != nil {
		return nil, err
	}
	base, err := m.all.OpenKeys(sealed.base)
	if err != nil {
		base = nil // what nobody can read here, nobody forgot
	}
	has := func(keys []keysource.Key, k keysource.Key) bool {
		return slices.ContainsFunc(keys, func(other keysource.Key) bool { return other.Equal(k) })
	}
	var keys []keysource.Key
	for _, k := range append(slices.Clone(ours), theirs...) {
		forgotten := has(base, k) && !(has(ours, k) && has(theirs, k))
		if !has(keys, k) && !forgotten && !k.Equal(m.key) {
			keys = append(keys, k)
		}
	}
	for _, k := range m.previous { // a key that a side is still encrypted under
		if c, err := backend.NewCipher(k); err == nil && !has(keys, k) {
			for _, side := range [][]byte{sealed.ours, sealed.theirs} {
				if _, err := c.Open(side, nil); err == nil {
					keys = append(keys, k)
				}
			}
		}
	}
	for _, v := range [][]byte{sealed.ours, sealed.theirs} {
		if same, err := m.current.OpenKeys(v); err == nil && slices.EqualFunc(same, keys, keysource.Key.Equal) {
			return v, nil
		}
	}
	return m.current.SealKeys(keys)
}
