// Package rekey moves encrypted files to a new master key as one step.
//
// [Run] makes the new files beside the old ones, writes a journal that says
// which belongs where, has the key source keep the new key, and only then puts
// the new files in place. The moment at which the source has the new key decides:
// a process that dies before it has changed nothing, one that dies after it has
// left work that [Recover] finishes. Which of the two it was, the id of the key in
// that source tells, so every file opens at every moment with a key that is kept
// somewhere. A lock on the journal keeps Recover from a rekey that is under way.
//
// cmd's rekey command calls Run; backend/config calls Recover before it opens a
// vault that has a journal.
package rekey

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/keysource"
)

// Plan says what to move. The caller holds the locks of the documents in it.
type Plan struct {
	Journal  string          // path of the journal, in the vault's directory
	Old      keysource.Key   // the key now
	Source   keysource.Saver // the source that has it, and keeps the new one
	Files    []string        // paths of the encrypted files
	Previous []string        // paths of the files of previous keys, one for each document

	// Plain returns files to replace in the same step that are not encrypted,
	// by path: a configuration that records the new key's id. May be nil.
	Plain func(newID string) (map[string][]byte, error)
}

// journal is what lies on disk between the start and the end of a rekey. Paths
// are relative to its directory.
type journal struct {
	Version  int      `json:"version"` // 1
	Source   string   `json:"source"`  // the name of the source that keeps the new key
	OldID    string   `json:"old_key_id"`
	NewID    string   `json:"new_key_id"`
	Swaps    []swap   `json:"files"`
	Previous []string `json:"previous"` // those of Swaps, the first ones, that keep previous keys
}

// swap is one file: Staged takes the place of Path, if that still has content
// with the hash Before ("" for a file that does not exist).
type swap struct {
	Path   string `json:"path"`
	Staged string `json:"staged"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ErrStuck is wrapped where no key tells how far a rekey came.
var ErrStuck = errors.New("a rekey was interrupted, and its key source gives neither the key before it nor the one after")

// lock keeps other processes from the files that a rekey makes: from the first of
// them until the journal is gone. The locks of documents do not suffice, since a
// journal is that of all environments, and each of those has another document.
func lock(ctx context.Context, journal string) (unlock func(), err error) {
	unlock, err = storefile.NewStore(journal, "").Lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", journal, err)
	}
	return unlock, nil
}

// Run moves the files of a plan to a new key and returns it. On an error
// nothing is changed, unless the error says otherwise.
func Run(ctx context.Context, p Plan) (keysource.Key, error) {
	next := keysource.NewKey()
	old, err := p.oldCipher()
	if err != nil {
		return keysource.Key{}, err
	}
	c, err := backend.NewCipher(next)
	if err != nil {
		return keysource.Key{}, err
	}
	unlock, err := lock(ctx, p.Journal)
	if err != nil {
		return keysource.Key{}, err
	}
	defer unlock()
	j := &journal{Version: 1, Source: p.Source.Name(), OldID: old.KeyID(), NewID: c.KeyID()}
	dir := filepath.Dir(p.Journal)
	staged := false
	defer func() {
		if !staged { // nor after a panic
			j.undo(dir)
		}
	}()
	if err := p.stage(ctx, j, dir, old, c); err != nil {
		return keysource.Key{}, err
	}
	staged = true
	if err := j.write(p.Journal); err != nil {
		j.undo(dir)
		return keysource.Key{}, err
	}
	if err := ctx.Err(); err != nil {
		return keysource.Key{}, errors.Join(err, j.drop(p.Journal))
	}
	if err := keysource.SaveVerified(ctx, p.Source, next); err != nil {
		if err := p.giveUp(ctx, j, next, err); err != nil {
			return keysource.Key{}, err
		}
		return next, nil
	}
	return next, j.finish(ctx, p.Journal, next)
}

// oldCipher opens with the key now, and with those before it.
func (p *Plan) oldCipher() (*backend.Cipher, error) {
	c, err := backend.NewCipher(p.Old)
	if err != nil {
		return nil, err
	}
	var previous []keysource.Key
	for _, path := range p.Previous {
		keys, err := c.PreviousKeys(path)
		if err != nil && !errors.Is(err, backend.ErrAuth) {
			return nil, err
		}
		previous = append(previous, keys...)
	}
	return backend.NewCipher(p.Old, previous...)
}

// giveUp finds out which key the source has after a save that failed: the new one if it
// returns no error. It does so even where the save failed because ctx has ended.
func (p *Plan) giveUp(ctx context.Context, j *journal, next keysource.Key, cause error) error {
	ctx = context.WithoutCancel(ctx)
	k, err := p.Source.Load(ctx)
	switch {
	case err == nil && k.Equal(p.Old):
		return errors.Join(cause, j.drop(p.Journal))
	case err == nil && k.Equal(next):
		return j.finish(ctx, p.Journal, next)
	}
	if err := keysource.SaveVerified(ctx, p.Source, p.Old); err == nil {
		return errors.Join(cause, j.drop(p.Journal))
	}
	return fmt.Errorf("%w: %w", ErrStuck, cause)
}

// stage writes every new file beside its place.
func (p *Plan) stage(ctx context.Context, j *journal, dir string, old, c *backend.Cipher) error {
	for _, path := range p.Previous {
		if err := p.stagePrevious(j, dir, path, old, c); err != nil {
			return err
		}
		j.Previous = append(j.Previous, j.Swaps[len(j.Swaps)-1].Path)
	}
	for _, path := range p.Files {
		err := j.add(dir, path, func(f *durable.File) error { return c.Reseal(ctx, old, path, f) })
		if err != nil {
			return err
		}
	}
	if p.Plain == nil {
		return nil
	}
	plain, err := p.Plain(c.KeyID())
	if err != nil {
		return err
	}
	for path, content := range plain {
		if err := j.add(dir, path, writing(content)); err != nil {
			return err
		}
	}
	return nil
}

// stagePrevious puts the old key in front of the keys that a file keeps.
func (p *Plan) stagePrevious(j *journal, dir, path string, old, c *backend.Cipher) error {
	keys, err := old.PreviousKeys(path)
	if err != nil && (!errors.Is(err, backend.ErrAuth) || isLink(path)) { // a link leads to somebody else's file, maybe
		return err
	}
	blob, err := c.SealKeys(append([]keysource.Key{p.Old}, keys...))
	if err != nil {
		return err
	}
	return j.add(dir, path, writing(blob))
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// add stages what fill writes in the place of one file.
func (j *journal) add(dir, path string, fill func(*durable.File) error) error {
	mode := fs.FileMode(0o644)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays a link
	}
	was, err := os.Stat(path)
	if err == nil {
		mode = was.Mode().Perm()
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	s := swap{Path: rel}
	if s.Before, err = hashFile(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := durable.New(path, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if s.Staged, err = filepath.Rel(dir, f.Name()); err != nil {
		return err
	}
	j.Swaps = append(j.Swaps, s)
	if was != nil {
		f.KeepOwner(was)
	}
	if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%s: %w", path, durable.WithoutPath(err))
	}
	if err := fill(f); err != nil {
		return err
	}
	if j.Swaps[len(j.Swaps)-1].After, err = hashFile(f.Name()); err != nil {
		return err
	}
	return f.Keep()
}

func writing(content []byte) func(*durable.File) error {
	return func(f *durable.File) error {
		if _, err := f.Write(content); err != nil {
			return fmt.Errorf("%s: nothing is changed: %w", f.Dest(), durable.WithoutPath(err))
		}
		return nil
	}
}

// maxJournal is the most bytes of a journal: some thousand files.
const maxJournal = 16 << 20

// hashFile returns the SHA-256 of a file, in hexadecimal digits.
func hashFile(path string) (string, error) {
	f, err := durable.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, durable.WithoutPath(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = durable.Regular(info)
	}
	sum := sha256.New()
	if err == nil {
		_, err = io.Copy(sum, f)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, durable.WithoutPath(err))
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// fileHas reports whether a file is there and has the content with that hash.
func fileHas(path, hash string) bool {
	has, err := hashFile(path)
	return err == nil && has == hash
}

func (j *journal) write(path string) error {
	text, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteSecret(path, append(text, '\n'), (*durable.File).Create)
}

// finish puts every staged file in its place, and removes the journal. It can
// be run again after it was interrupted.
//
// A file that is not the one that the rekey began with was saved by a process that
// waited for the lock of one that was killed, or came with git. It is the newer
// one, so it stays, and is sealed under the new key itself; one of previous keys gets
// those of the staged one besides.
func (j *journal) finish(ctx context.Context, path string, next keysource.Key) error {
	dir := filepath.Dir(path)
	for _, s := range j.Swaps {
		target, staged := filepath.Join(dir, s.Path), filepath.Join(dir, s.Staged)
		now, err := hashFile(target)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		case err == nil && now == s.After:
			continue // done already
		case err == nil && now != s.Before:
			change := j.reseal
			if slices.Contains(j.Previous, s.Path) && fileHas(staged, s.After) {
				change = joinPrevious(staged)
			}
			if err := change(ctx, dir, target, next); err != nil {
				return err
			}
			if fileHas(staged, s.After) { // not what a forged journal names
				_ = os.Remove(staged)
			}
			continue
		}
		err = durable.Rename(staged, target)
		if errors.Is(err, fs.ErrNotExist) && !slices.Contains(j.Previous, s.Path) { // somebody tidied up
			err = j.reseal(ctx, dir, target, next)
		}
		if err != nil {
			return err
		}
	}
	return durable.Remove(path)
}

// reseal moves one file from a key before to the next one. What none of them opens,
// such as a configuration, or has the next one already, is left as it is.
func (j *journal) reseal(ctx context.Context, dir, path string, next keysource.Key) error {
	c, err := backend.NewCipher(next)
	if err != nil {
		return err
	}
	var keys []keysource.Key
	for _, p := range j.Previous { // in place by now
		more, err := c.PreviousKeys(filepath.Join(dir, p))
		if err != nil && !errors.Is(err, backend.ErrAuth) && !errors.Is(err, backend.ErrMalformed) {
			return err
		}
		keys = append(keys, more...)
	}
	if len(keys) == 0 {
		return nil
	}
	old, err := backend.NewCipher(keys[0], keys[1:]...)
	if err != nil {
		return err
	}
	err = replace(path, func(f *durable.File) error { return c.Reseal(ctx, old, path, f) })
	if errors.Is(err, backend.ErrAuth) || errors.Is(err, backend.ErrMalformed) {
		return nil
	}
	return err
}

// joinPrevious changes a file of previous keys that is not the one that the rekey began
// with: the keys of staged come first, since the key before this rekey is kept there
// alone, then what the file has. One that none of these keys opens is replaced,
// as [Run] does.
func joinPrevious(staged string) func(ctx context.Context, dir, path string, next keysource.Key) error {
	return func(_ context.Context, _, path string, next keysource.Key) error {
		c, err := backend.NewCipher(next)
		if err != nil {
			return err
		}
		keys, err := c.PreviousKeys(staged)
		if err != nil {
			return err
		}
		all, err := backend.NewCipher(next, keys...)
		if err != nil {
			return err
		}
		came, err := all.PreviousKeys(path)
		if err != nil && !errors.Is(err, backend.ErrAuth) && !errors.Is(err, backend.ErrMalformed) {
			return err
		}
		for _, k := range came {
			if !k.Equal(next) && !slices.ContainsFunc(keys, k.Equal) {
				keys = append(keys, k)
			}
		}
		blob, err := c.SealKeys(keys)
		if err != nil {
			return err
		}
		return replace(path, writing(blob))
	}
}

// replace writes what fill writes in the place of a file, whose owner and mode stay.
func replace(path string, fill func(*durable.File) error) error {
	f, err := durable.New(path, 0o644)
	if err != nil {
		return err
	}
	defer f.Discard()
	if info, err := os.Stat(path); err == nil {
		f.KeepOwner(info)
		if err := f.Chmod(info.Mode().Perm()); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	if err := fill(f); err != nil {
		return err
	}
	return f.Replace()
}

// drop forgets a rekey that has changed nothing.
func (j *journal) drop(path string) error {
	// The journal goes first: without it the staged files mean nothing.
	err := durable.Remove(path)
	j.undo(filepath.Dir(path))
	return err
}

func (j *journal) undo(dir string) {
	for _, s := range j.Swaps {
		_ = os.Remove(filepath.Join(dir, s.Staged))
	}
}

// Outcome is what [Recover] did.
type Outcome int

// The outcomes.
const (
	Nothing  Outcome = iota // there was no journal
	Undone                  // the rekey had changed nothing and is forgotten
	Finished                // the new key was in place, and now the files are too
)

// Recover finishes or forgets a rekey that was interrupted; one that is under way it
// waits for. It fails with [ErrStuck] where the source that the rekey changed is
// not in the chain, or has neither key of the journal.
func Recover(ctx context.Context, path string, chain keysource.Chain) (Outcome, error) {
	unlock, err := lock(ctx, path)
	if err != nil {
		return Nothing, err
	}
	defer unlock()
	text, err := durable.ReadFile(path, maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return Nothing, nil
	}
	if err != nil {
		return Nothing, err
	}
	var j journal
	if err := json.Unmarshal(text, &j); err != nil || j.Version != 1 {
		return Nothing, fmt.Errorf("%s: it is not the journal of a rekey", path)
	}
	for _, s := range j.Swaps {
		if !durable.IsTemp(filepath.Base(s.Staged)) || filepath.Dir(s.Staged) != filepath.Dir(s.Path) {
			return Nothing, fmt.Errorf("%s: it is not the journal of a rekey", path)
		}
	}
	k, decides, err := j.key(ctx, chain)
	switch {
	case err != nil:
		return Nothing, fmt.Errorf("%w: %w", ErrStuck, err)
	case k.ID() == j.NewID:
		return Finished, j.finish(ctx, path, k)
	case k.ID() == j.OldID && decides:
		return Undone, j.drop(path)
	case k.ID() == j.OldID:
		// That the old key is here, too, does not say that the new one is not there.
		return Nothing, fmt.Errorf("%w: the key here is the one before it, but the new one may be in %s, which is not among the key sources", ErrStuck, j.Source)
	}
	return Nothing, fmt.Errorf("%w: it is %s, the rekey was from %s to %s", ErrStuck, k.ID(), j.OldID, j.NewID)
}

// Keys are the ids of the keys before and after a rekey whose journal lies at path; ""
// where there is none that can be read.
func Keys(path string) (oldID, newID string) {
	text, err := durable.ReadFile(path, maxJournal)
	var j journal
	if err != nil || json.Unmarshal(text, &j) != nil {
		return "", ""
	}
	return j.OldID, j.NewID
}

// key is the key in the source that the rekey changed, which decides how far it
// came. Where the chain does not have that source, it is the chain's.
func (j *journal) key(ctx context.Context, chain keysource.Chain) (k keysource.Key, decides bool, err error) {
	for _, s := range chain {
		if s.Name() == j.Source {
			k, err = keysource.Chain{s}.Load(ctx)
			return k, true, err
		}
	}
	k, err = chain.Load(ctx)
	return k, j.Source == "", err
}
