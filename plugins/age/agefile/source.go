package agefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"filippo.io/age"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/recipients"
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/internal/wrapped"
)

// The settings, and what they are without a value.
const (
	settingFile       = "file"
	settingRecipients = "recipients"

	defaultFile       = "master.key.age"
	defaultRecipients = "master.key.recipients"
)

// Settings are the names of the settings of [New].
func Settings() []string { return []string{settingFile, settingRecipients, wrapped.Directory} }

// Environment names the variables that the source needs: where the user's
// private keys are, and how the first member is called.
func Environment() []string {
	return []string{variable, "HOME", "USERPROFILE", "USER", "LOGNAME", "USERNAME"}
}

// source is a wrapped key and the list of those who can open it.
type source struct {
	file wrapped.File
	list wrapped.File
}

// New makes the source from its settings. Nothing is opened yet.
func New(s keysource.Settings) (keysource.Source, error) {
	if err := s.Only(Settings()...); err != nil {
		return nil, err
	}
	file, err := wrapped.At(s, settingFile, defaultFile)
	if err != nil {
		return nil, err
	}
	list, err := wrapped.At(s, settingRecipients, defaultRecipients)
	if err != nil {
		return nil, err
	}
	if file.Name() == list.Name() {
		return nil, fmt.Errorf("the settings %s and %s name one file", settingFile, settingRecipients)
	}
	return source{file, list}, nil
}

// Name is "age" and the file's name.
func (s source) Name() string { return "age " + s.file.Name() }

// Load opens the wrapped key with a private key of the user.
func (s source) Load(ctx context.Context) (keysource.Key, error) {
	if err := ctx.Err(); err != nil {
		return keysource.Key{}, err
	}
	text, err := s.file.Read(recipients.MaxSize)
	if err != nil {
		return keysource.Key{}, err
	}
	ring, err := newKeyring(ctx, s.file.Name())
	if err != nil {
		return keysource.Key{}, err
	}
	return ring.open(text)
}

// Save wraps the key for the members of the list. Where there is neither a list
// nor a wrapped key, the user becomes the only member.
func (s source) Save(ctx context.Context, k keysource.Key) error {
	if k.IsZero() {
		return fmt.Errorf("%w: there is no key to save", keysource.ErrBadKey)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ring, err := newKeyring(ctx, s.file.Name())
	if err != nil {
		return err
	}
	list, old, err := s.allowed(ring, k)
	if err != nil {
		return err
	}
	text, err := wrap(ring, list, k)
	if err != nil {
		return err
	}
	if list.Sealed(k) {
		return s.file.Write(text)
	}
	// For a moment the list has both seals, so that it fits the wrapped key
	// whenever this is interrupted.
	if err := s.list.Write(list.Seal(old, k).Text()); err != nil {
		return err
	}
	if err := s.file.Write(text); err != nil {
		return err
	}
	return s.list.Write(list.Seal(k).Text())
}

// allowed returns the list to wrap k for, once it is clear that somebody who has
// the key made it. old is the key that is wrapped now, zero if that is not needed.
func (s source) allowed(ring *keyring, k keysource.Key) (list recipients.List, old keysource.Key, err error) {
	now, fileErr := s.file.Read(recipients.MaxSize)
	if fileErr != nil && !errors.Is(fileErr, fs.ErrNotExist) {
		return list, old, fileErr
	}
	text, err := s.list.Read(recipients.MaxSize)
	switch {
	case errors.Is(err, fs.ErrNotExist) && fileErr != nil:
		me, err := ring.me()
		if err != nil {
			return list, old, err
		}
		list, err = list.With(me)
		return list, old, err
	case errors.Is(err, fs.ErrNotExist):
		return list, old, fmt.Errorf("%s is not there, so it is not known for whom to wrap the key; git checkout brings it back", s.list.Name())
	case err != nil:
		return list, old, err
	}
	if list, err = recipients.Parse(text); err != nil {
		return list, old, fmt.Errorf("%s: %w", s.list.Name(), err)
	}
	switch {
	case len(list.Members) == 0:
		return list, old, fmt.Errorf("%s has no members", s.list.Name())
	case list.Sealed(k):
		return list, old, nil
	case fileErr != nil:
		return list, old, s.unsealed()
	}
	if old, err = ring.open(now); err != nil {
		return list, old, err
	}
	if !list.Sealed(old) {
		return list, old, s.unsealed()
	}
	return list, old, nil
}

func (s source) unsealed() error {
	return plugins.Errorf(plugins.Denied, "%s was changed by somebody who did not use the key, so nothing is wrapped for it; \"git log -p\" of it shows who, \"git checkout\" brings an earlier one back", s.list.Name())
}

// wrap seals the key for all members, and makes sure that the user is one.
func wrap(ring *keyring, list recipients.List, k keysource.Key) ([]byte, error) {
	to := make([]age.Recipient, len(list.Members))
	for i, m := range list.Members {
		var err error
		if to[i], err = ring.recipient(m); err != nil {
			return nil, err
		}
	}
	text, err := encrypt([]byte(k.Text()+"\n"), to...)
	if err != nil {
		return nil, err
	}
	switch back, err := ring.open(text); {
	case err != nil && errors.Is(err, ring.unusable):
		return nil, err
	case errors.Is(err, keysource.ErrNoKey), isDenied(err):
		return nil, plugins.Errorf(plugins.Denied, "you are not in the list yourself, so you could not open the key that you wrap, and nothing is wrapped (tried %s)", ring.places())
	case err != nil:
		return nil, err
	case !back.Equal(k):
		return nil, errors.New("what was wrapped does not open to the key; nothing is written")
	}
	return text, nil
}

func isDenied(err error) bool {
	var e *external.Error
	return errors.As(err, &e) && e.Code == plugins.Denied
}
