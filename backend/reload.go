package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/flask-vault/flask-vault/format"
)

// Reload takes up the document as it stands in the store now. Where the key does
// not open it, the sources are asked again, since there may have been a rekey. On
// any error the vault keeps what it has.
func (v *Vault) Reload(ctx context.Context) error {
	_, err := v.reload(ctx, false)
	return err
}

// Refresh is [Vault.Reload] for a program that runs on while others change the
// vault: a document whose syntax is broken is an error, too, so that the values
// of before stay. It reports whether there was anything new. backend/watch calls it.
func (v *Vault) Refresh(ctx context.Context) (changed bool, err error) { return v.reload(ctx, true) }

func (v *Vault) reload(ctx context.Context, parsed bool) (changed bool, err error) {
	if v == nil || v.opts.Store == nil {
		return false, errNotOpen
	}
	for {
		old := v.current.Load()
		var have Version
		if old != nil {
			have = old.version
		}
		snap, err := v.opts.Store.Load(ctx, have)
		if errors.Is(err, ErrNotModified) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", v.Name(), err)
		}
		now := v.keys.Load()
		text, renewed, err := v.openRenewed(ctx, now, snap.Blob)
		if err != nil {
			return false, err
		}
		s := v.newState(snap.Version, text)
		if parsed {
			if _, err := s.parse(); err != nil {
				return false, err
			}
		}
		// The key first, so that nothing new is ever sealed under the one from before.
		if renewed != nil && !v.keys.CompareAndSwap(now, renewed) {
			continue // somebody else took up a key meanwhile, perhaps a newer one
		}
		if v.current.CompareAndSwap(old, s) {
			return true, nil
		}
		// Somebody else took up something meanwhile, perhaps something newer.
	}
}

// openRenewed opens a document with the key now, or with the one that the sources
// have and those before that, which it then returns. The keys of before still open tokens.
func (v *Vault) openRenewed(ctx context.Context, now *keys, blob []byte) ([]byte, *keys, error) {
	text, err := now.openNamed(v.Name(), blob)
	if !errors.Is(err, ErrAuth) || v.current.Load() == nil {
		return text, nil, err
	}
	o := v.opts
	if o.Renew != nil {
		renewed, rerr := o.Renew(ctx)
		if rerr != nil {
			return nil, nil, rerr
		}
		o.Keys, o.KeyID, o.Previous = renewed.Keys, renewed.KeyID, renewed.Previous
	}
	c, kerr := FindKey(ctx, o)
	if kerr != nil {
		return nil, nil, kerr
	}
	renewed := c.keys.Load() // nobody else has it
	if text, err = renewed.openNamed(v.Name(), blob); err != nil {
		return nil, nil, err
	}
	if renewed.keyID == now.keyID { // only the previous keys are others
		renewed.seals.Store(now.seals.Load())
	}
	for _, k := range now.all() {
		same := func(other *keys) bool { return other.keyID == k.keyID }
		if k.keyID != renewed.keyID && !slices.ContainsFunc(renewed.previous, same) {
			renewed.previous = append(renewed.previous, &keys{aead: k.aead, block: k.block, keyID: k.keyID, size: k.size})
		}
	}
	return text, renewed, nil
}

func (v *Vault) newState(version Version, text []byte) *state {
	s := &state{version: version, text: text}
	s.parse = sync.OnceValues(func() (format.Document, error) { return v.parse(text) })
	s.index = sync.OnceValue(func() map[string]Secret {
		all := map[string]Secret{}
		if doc, err := s.parse(); err == nil {
			for _, name := range doc.Names() {
				if value, err := doc.Get(name); err == nil && value.Kind() != format.Null {
					all[name] = value
				}
			}
		}
		s.values.Store(&all)
		return all
	})
	return s
}

// Watch calls changed when the store tells that the document may be another one
// than the vault has, until ctx ends or the store's watch is broken. Nothing is
// taken up by it: the store can tell late, so what it told of is only a reason to
// [Vault.Refresh]. It fails with [errors.ErrUnsupported] where the store is no
// [Watcher]. backend/watch calls it.
func (v *Vault) Watch(ctx context.Context, changed func()) error {
	s, err := v.state()
	if err != nil {
		return err
	}
	w, ok := v.opts.Store.(Watcher)
	if !ok {
		return fmt.Errorf("%s: %w: the store does not tell of changes", v.Name(), errors.ErrUnsupported)
	}
	err = w.Watch(ctx, s.version, func(snap Snapshot) {
		if snap.Version == "" || snap.Version != v.current.Load().version {
			changed()
		}
	})
	if err != nil {
		err = fmt.Errorf("%s: %w", v.Name(), err)
	}
	return err
}

// Watchable reports whether [Vault.Watch] can work.
func (v *Vault) Watchable() bool {
	_, ok := v.opts.Store.(Watcher)
	return ok
}

// Frozen is the vault as it is now: whatever is taken up later is not seen
// through it. Who reads several values that belong together reads them there.
func (v *Vault) Frozen() *Vault {
	if _, err := v.state(); err != nil {
		return v // it has nothing to keep
	}
	f := &Vault{Cipher: cipherOf(v.keys.Load()), opts: v.opts}
	f.current.Store(v.current.Load())
	return f
}

// Frozen is [Vault.Frozen] for all layers.
func (l Layers) Frozen() Layers {
	frozen := make(Layers, len(l))
	for i, v := range l {
		frozen[i] = v.Frozen()
	}
	return frozen
}

// Files lists the paths of the local files that the vault is made of, whether
// they are there or not: the document, the key files, the previous keys and the
// configuration. It reports whether the document is among them.
func (v *Vault) Files() (paths []string, document bool) {
	add := func(x any) bool {
		f, ok := x.(interface{ Path() string })
		if ok {
			paths = append(paths, f.Path())
		}
		return ok
	}
	document = add(v.opts.Store)
	for _, s := range v.opts.Keys {
		add(s)
	}
	for _, path := range []string{v.opts.Previous, v.opts.Config} {
		if path != "" {
			paths = append(paths, path)
		}
	}
	return paths, document
}
