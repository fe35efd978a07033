package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/keysource"
)

// Secret is a value of the vault. Formatting, logging or encoding it gives
// "[redacted]"; Reveal gives the text.
type Secret = format.Value

// Options say what a vault is made of.
type Options struct {
	Store  Store           // where the sealed document lies
	Keys   keysource.Chain // where the master key lies
	Format format.Format   // how the document is written
	KeyID  string          // id of the vault's key if known; another key is refused before it is tried

	// Previous is the path of the file that keeps the keys of before the last
	// rekeys, encrypted under the present one; "" or a missing file for none.
	Previous string

	// Renew gives the options as they are configured now, of which Keys, KeyID and
	// Previous are taken, where the key does not open what is stored any more:
	// a rekey may have changed the configuration, too. nil: they stay as they are.
	Renew func(context.Context) (Options, error)
	// Config is the path of the file that Renew reads, "" for none.
	Config string
}

// complete says which option is missing without which nothing can be done.
func (o Options) complete() error {
	switch {
	case o.Store == nil:
		return errors.New("the options of the vault have no Store")
	case o.Format == nil:
		return errors.New("the options of the vault have no Format")
	}
	return nil
}

// Vault is an open vault: its key and the document as it was last loaded. It is
// safe for use by several goroutines.
type Vault struct {
	*Cipher
	opts    Options
	current atomic.Pointer[state]
}

// state is one version of the document, opened.
type state struct {
	version Version
	text    []byte
	parse   func() (format.Document, error) // parses once

	asked  atomic.Bool // a value was asked for
	index  func() map[string]Secret
	values atomic.Pointer[map[string]Secret] // what index gave
}

// value is the quick way to a value: a program that asks twice asks often, so
// all values are looked up once, and from then on every question is one look
// into a map that nobody changes.
func (s *state) value(path string) (Secret, bool) {
	all := s.values.Load()
	if all == nil {
		if s.asked.CompareAndSwap(false, true) {
			return Secret{}, false
		}
		m := s.index()
		all = &m
	}
	v, ok := (*all)[path]
	return v, ok
}

// Open finds the key and opens the document. Among its errors are
// [keysource.ErrNoKey], [ErrNoVault], *[WrongKeyError], [ErrMalformed] and [ErrAuth].
// The document is not parsed yet: one whose syntax is broken can still be read
// as text and mended with [Vault.Edit]; Get, Names and Decode fail then. A program
// that wants to know when it starts calls [Vault.Names], or decodes what it needs.
func Open(ctx context.Context, o Options) (*Vault, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	c, err := FindKey(ctx, o)
	if errors.Is(err, keysource.ErrNoKey) {
		// Where there is no vault either, a key would not help.
		if _, serr := o.Store.Load(ctx, ""); errors.Is(serr, ErrNoVault) {
			err = fmt.Errorf("%s: %w", o.Store.Name(), serr)
		}
	}
	if err != nil {
		return nil, err
	}
	v := &Vault{Cipher: c, opts: o}
	if err := v.Reload(ctx); err != nil {
		return nil, err
	}
	return v, nil
}

// FindKey asks the sources for the vault's key and makes its cipher, for
// programs that need no document. It fails as [Open] does.
func FindKey(ctx context.Context, o Options) (*Cipher, error) {
	key, source, err := o.Keys.Find(ctx)
	if err != nil {
		return nil, err
	}
	if o.KeyID != "" && key.ID() != o.KeyID {
		return nil, &WrongKeyError{Source: source.Name(), Have: key.ID(), Want: o.KeyID}
	}
	c, err := newCipher(key, source.Name())
	if err != nil {
		return nil, err
	}
	previous, err := c.PreviousKeys(o.Previous)
	if errors.Is(err, ErrAuth) || err == nil && len(previous) == 0 {
		return c, nil // where it does not open, the file is of another branch, from before or after a rekey
	}
	if err != nil {
		return nil, err
	}
	return newCipher(key, source.Name(), previous...)
}

func newCipher(k keysource.Key, source string, previous ...keysource.Key) (*Cipher, error) {
	ks, err := newKeys(k, source, previous...)
	if err != nil {
		return nil, err
	}
	return cipherOf(ks), nil
}

// Name is how the store calls the document.
func (v *Vault) Name() string { return v.opts.Store.Name() }

// Format is how the document is written.
func (v *Vault) Format() format.Format { return v.opts.Format }

// parse names the document in a syntax error.
func (v *Vault) parse(text []byte) (format.Document, error) {
	doc, err := v.opts.Format.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Name(), err)
	}
	return doc, nil
}

// state is the document as it was loaded, or an error for a vault that [Open]
// did not make.
func (v *Vault) state() (*state, error) {
	if v != nil {
		if s := v.current.Load(); s != nil {
			return s, nil
		}
	}
	return nil, errNotOpen
}

var errNotOpen = fmt.Errorf("the vault is not open: %w", ErrNoVault)

// Text returns a copy of the whole document as it was written.
func (v *Vault) Text() []byte { return bytes.Clone(v.current.Load().text) }

// Get returns the value at a path such as "db.password". A null counts as
// missing. It fails with [format.ErrNotFound] or a *[format.SyntaxError].
func (v *Vault) Get(path string) (Secret, error) {
	s, err := v.state()
	if err != nil {
		return Secret{}, err
	}
	if value, ok := s.value(path); ok {
		return value, nil
	}
	doc, err := s.parse()
	if err != nil {
		return Secret{}, err
	}
	value, err := doc.Get(path)
	if err != nil {
		return Secret{}, err
	}
	if value.Kind() == format.Null {
		return Secret{}, &format.NotFoundError{Path: path}
	}
	return value, nil
}

// Names lists the paths of all values in the document's order.
func (v *Vault) Names() ([]string, error) {
	s, err := v.state()
	if err != nil {
		return nil, err
	}
	doc, err := s.parse()
	if err != nil {
		return nil, err
	}
	return doc.Names(), nil
}

// Document parses the document anew, for the caller to look at or change a copy.
func (v *Vault) Document() (format.Document, error) {
	s, err := v.state()
	if err != nil {
		return nil, err
	}
	return v.parse(bytes.Clone(s.text))
}

// Edit replaces the document by what change makes of its text, if nobody else
// saved meanwhile: else it fails with [ErrConflict] and nothing is changed. It
// reports whether anything was saved: text that change leaves as it is, is not.
// Text that does not parse is refused with its *[format.SyntaxError].
func (v *Vault) Edit(ctx context.Context, change func(text []byte) ([]byte, error)) (saved bool, err error) {
	old, err := v.state()
	if err != nil {
		return false, err
	}
	text, err := change(bytes.Clone(old.text))
	if err != nil {
		return false, err
	}
	if bytes.Equal(text, old.text) {
		return false, nil
	}
	if _, err := v.parse(text); err != nil {
		return false, err
	}
	blob, err := v.sealVerified(text)
	if err != nil {
		return false, fmt.Errorf("%s: %w", v.Name(), err)
	}
	version, err := v.save(ctx, blob, old.version)
	if err != nil {
		return false, err
	}
	v.saved(ctx, old, v.newState(version, text))
	return true, nil
}

// Update is [Vault.Edit] for changes that can be made to whatever is stored:
// where somebody else saved meanwhile, it takes up their text and makes the
// change again, until ctx ends.
func (v *Vault) Update(ctx context.Context, change func(text []byte) ([]byte, error)) (saved bool, err error) {
	for {
		saved, err = v.Edit(ctx, change)
		if !errors.Is(err, ErrConflict) || ctx.Err() != nil {
			return saved, err
		}
		if err := v.Reload(ctx); err != nil {
			return false, err
		}
	}
}

// Reseal encrypts the document under the current key, its text as it is, as after a
// rekey in a store that a rekey cannot hold together with its files. What somebody
// else saves meanwhile is taken up.
func (v *Vault) Reseal(ctx context.Context) error {
	for {
		old, err := v.state()
		if err != nil {
			return err
		}
		blob, err := v.sealVerified(old.text)
		if err != nil {
			return fmt.Errorf("%s: %w", v.Name(), err)
		}
		version, err := v.save(ctx, blob, old.version)
		if err == nil {
			v.saved(ctx, old, v.newState(version, old.text))
			return nil
		}
		if !errors.Is(err, ErrConflict) || ctx.Err() != nil {
			return err
		}
		if err := v.Reload(ctx); err != nil {
			return err
		}
	}
}

// saved puts what was saved in place of old. Where somebody else took up something
// meanwhile, that may be newer than what was saved, and the store has the last word.
func (v *Vault) saved(ctx context.Context, old, s *state) {
	if !v.current.CompareAndSwap(old, s) {
		_ = v.Reload(ctx) // what was taken up stays then, until the next one
	}
}

func (v *Vault) save(ctx context.Context, blob []byte, prev Version) (Version, error) {
	return save(ctx, v.opts.Store, blob, prev)
}

// save stores a blob, and finds out what happened where the store cannot tell.
// Every blob is unique by its nonce, so equality decides. It never writes twice:
// what is not there may still arrive, or have been there and been taken up by
// somebody else's save, so that stays uncertain.
func save(ctx context.Context, store Store, blob []byte, prev Version) (Version, error) {
	version, err := store.Save(ctx, blob, prev)
	if errors.Is(err, ErrUncertain) {
		if snap, lerr := store.Load(ctx, ""); lerr == nil && bytes.Equal(snap.Blob, blob) {
			return snap.Version, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", store.Name(), err)
	}
	return version, nil
}
