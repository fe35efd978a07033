package agefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/recipients"
	"github.com/flask-vault/flask-vault/plugins"
)

// variable names the files of the user's private keys, in place of the usual ones.
const variable = "AGE_IDENTITY_FILE"

const maxIdentity = 64 << 10

// keyring has the private keys of the user, and asks for their passphrases.
type keyring struct {
	ctx        context.Context
	file       string     // how the wrapped key is called
	identities []identity // those that ask for nothing come first
	looked     []string   // where keys were looked for
	passphrase *passphrase
	asked      error // why a passphrase did not come
	unusable   error // what is wrong with a key in a usual place
}

// newKeyring reads the private keys of the user.
func newKeyring(ctx context.Context, file string) (*keyring, error) {
	k := &keyring{ctx: ctx, file: file}
	k.passphrase = &passphrase{ring: k}
	places := usualPlaces()
	named := os.Getenv(variable)
	if named != "" {
		places = filepath.SplitList(named)
	}
	var asking []identity
	for _, path := range places {
		ids, err := k.read(path, named != "")
		if errors.Is(err, fs.ErrNotExist) && named == "" {
			k.looked = append(k.looked, shown(path))
			continue
		}
		if err != nil && named == "" {
			// It may be for something else, and another key the one that opens.
			k.looked = append(k.looked, shown(path))
			if k.unusable == nil {
				k.unusable = err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		k.looked = append(k.looked, shown(path))
		for _, id := range ids {
			if id.asks {
				asking = append(asking, id)
			} else {
				k.identities = append(k.identities, id)
			}
		}
	}
	k.identities = append(k.identities, asking...)
	return k, nil
}

func usualPlaces() []string {
	home := home()
	if home == "" {
		return nil
	}
	return []string{
		filepath.Join(home, ".ssh", "id_ed25519"),
		filepath.Join(home, ".ssh", "id_rsa"),
		filepath.Join(home, ".config", "age", "identities.txt"),
	}
}

func home() string {
	if runtime.GOOS == "windows" {
		return os.Getenv("USERPROFILE")
	}
	return os.Getenv("HOME")
}

// shown is how messages call a path.
func shown(path string) string {
	if rel, err := filepath.Rel(home(), path); err == nil && home() != "" && filepath.IsLocal(rel) {
		return "~/" + filepath.ToSlash(rel)
	}
	return path
}

// read reads the private keys in one file. One that nobody named has to be for
// its owner alone, as ssh wants it too; secrets of a container often are not.
func (k *keyring) read(path string, named bool) ([]identity, error) {
	if named && !filepath.IsAbs(path) {
		return nil, plugins.Errorf(plugins.Denied, "%s names %s, which is not an absolute path: a plugin runs in another directory", variable, path)
	}
	info, err := os.Stat(path)
	if err == nil && !named && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, plugins.Errorf(plugins.Denied, "other users can read %s, a private key; chmod 600 makes it private", shown(path))
	}
	var text []byte
	if err == nil {
		text, err = durable.ReadFile(path, maxIdentity)
	}
	defer clear(text)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		if named {
			return nil, plugins.Errorf(plugins.Denied, "%s, which %s names, cannot be read: %w", shown(path), variable, err)
		}
		return nil, fmt.Errorf("%s cannot be read: %w", shown(path), err)
	}
	return k.parse(path, text)
}

// open unwraps a key. Errors of age are not passed on: they may quote what they
// could not read.
func (k *keyring) open(file []byte) (keysource.Key, error) {
	with := []age.Identity{k.passphrase}
	for _, id := range k.identities {
		with = append(with, id)
	}
	k.asked = nil
	text, err := decrypt(file, keysource.MaxTextSize+1, with...)
	defer clear(text)
	var nobody *age.NoIdentityMatchError
	switch {
	case err == nil:
		return keysource.ParseKey(text)
	case k.asked != nil:
		return keysource.Key{}, k.asked
	case errors.As(err, &nobody) && k.unusable != nil:
		return keysource.Key{}, k.unusable
	case errors.As(err, &nobody) && len(k.identities) == 0:
		// As good as no key: a server may have it from the next source.
		return keysource.Key{}, plugins.Errorf(plugins.NoKey, "there is no private key here that could open %s (looked for %s); %s can name another place", k.file, k.places(), variable)
	case errors.As(err, &nobody):
		return keysource.Key{}, plugins.Errorf(plugins.Denied, "%s is not wrapped for you (tried %s); a member lets you in: flask-vault team add NAME RECIPIENT", k.file, k.places())
	}
	return keysource.Key{}, fmt.Errorf("%s cannot be opened: it is not an age file, or it is damaged", k.file)
}

func (k *keyring) places() string {
	if len(k.looked) == 0 {
		return "nothing: HOME is not set"
	}
	return strings.Join(k.looked, ", ")
}

// me is the user as a first member.
func (k *keyring) me() (recipients.Member, error) {
	for _, id := range k.identities {
		if id.recipient != "" {
			return recipients.Member{Name: userName(), Recipient: id.recipient}, nil
		}
	}
	if k.unusable != nil {
		return recipients.Member{}, k.unusable
	}
	return recipients.Member{}, plugins.Errorf(plugins.Denied, "there is no private key here to wrap for (looked for %s); ssh-keygen -t ed25519 or age-keygen makes one", k.places())
}

func userName() string {
	for _, v := range []string{"USER", "LOGNAME", "USERNAME"} {
		if name := os.Getenv(v); recipients.CheckName(name) == nil {
			return name
		}
	}
	return "me"
}

// recipient makes age's recipient of a member.
func (k *keyring) recipient(m recipients.Member) (age.Recipient, error) {
	if m.Recipient == recipients.Passphrase {
		return k.passphrase.recipient()
	}
	var (
		r   age.Recipient
		err error
	)
	if strings.HasPrefix(m.Recipient, "ssh-") {
		r, err = agessh.ParseRecipient(m.Recipient)
	} else {
		r, err = age.ParseX25519Recipient(m.Recipient)
	}
	if err != nil {
		return nil, fmt.Errorf("the recipient of %s is not sound: %w", m.Name, err)
	}
	return r, nil
}
