package agefile

import (
	"bytes"
	"errors"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/keysource/recipients"
	"github.com/flask-vault/flask-vault/plugins"
)

// identity is one private key.
type identity struct {
	age.Identity
	recipient string // its public key as a list has it, "" if that is not known
	asks      bool   // whether it has a passphrase
}

// parse reads an SSH key or the identities of a file of age-keygen. Its errors do
// not quote the text.
func (k *keyring) parse(path string, text []byte) ([]identity, error) {
	bad := func(why string) ([]identity, error) {
		return nil, plugins.Errorf(plugins.Denied, "%s %s", shown(path), why)
	}
	switch {
	case bytes.Contains(text, []byte("-----BEGIN AGE ENCRYPTED")) || bytes.HasPrefix(text, []byte("age-encryption.org/")):
		return bad("is encrypted itself, which is not supported; age -d makes a plain one of it")
	case bytes.Contains(text, []byte("-----BEGIN ")):
		return k.parseSSH(path, text)
	case bytes.Contains(text, []byte("AGE-PLUGIN-")):
		return bad("has an identity of an age plugin, which is not supported; age-keygen makes one that is")
	case bytes.Contains(text, []byte("AGE-SECRET-KEY-PQ-")):
		return bad("has a post-quantum identity, which is not supported; age-keygen without -pq makes one that is")
	}
	parsed, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return bad("is neither an SSH key nor a file of age-keygen")
	}
	ids := make([]identity, len(parsed))
	for i, p := range parsed {
		ids[i] = identity{Identity: p}
		if x, ok := p.(*age.X25519Identity); ok {
			ids[i].recipient = x.Recipient().String()
		}
	}
	return ids, nil
}

func (k *keyring) parseSSH(path string, text []byte) ([]identity, error) {
	id, err := agessh.ParseIdentity(text)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return k.lockedSSH(path, text, locked.PublicKey)
	case err != nil:
		return nil, otherType(path)
	}
	found := identity{Identity: id}
	if raw, err := ssh.ParseRawPrivateKey(text); err == nil {
		if signer, err := ssh.NewSignerFromKey(raw); err == nil {
			found.recipient = line(signer.PublicKey())
		}
	}
	return []identity{found}, nil
}

func otherType(path string) error {
	return plugins.Errorf(plugins.Denied, "%s is not an SSH key of a type that age takes (ed25519, rsa); ssh-keygen -t ed25519 makes one", shown(path))
}

// lockedSSH is an SSH key with a passphrase, which is asked for when a wrapped
// key names its public one, and not before.
func (k *keyring) lockedSSH(path string, text []byte, public ssh.PublicKey) ([]identity, error) {
	if public == nil { // the old form of key files does not have it
		beside, err := durable.ReadFile(path+".pub", maxIdentity)
		if err == nil {
			public, _, _, _, err = ssh.ParseAuthorizedKey(beside)
		}
		if err != nil {
			return nil, plugins.Errorf(plugins.Denied, "%s has a passphrase and does not tell its public key, and %[1]s.pub does not either; ssh-keygen -y -f %[1]s >%[1]s.pub writes it", shown(path))
		}
	}
	id, err := agessh.NewEncryptedSSHIdentity(public, bytes.Clone(text), func() ([]byte, error) {
		answer, err := plugins.PromptSecret(k.ctx, "Passphrase of "+shown(path))
		if err != nil {
			k.asked = explainAsking(err, shown(path)+" has a passphrase")
			return nil, err
		}
		// Unless the next step clears it, this is what went wrong.
		k.asked = plugins.Errorf(plugins.Denied, "the passphrase of %s is wrong", shown(path))
		return []byte(answer), nil
	})
	if err != nil {
		return nil, otherType(path)
	}
	return []identity{{Identity: id, recipient: line(public), asks: true}}, nil
}

// explainAsking says what to do where nobody is there to answer.
func explainAsking(err error, why string) error {
	return plugins.Errorf(plugins.NeedsInput, "%s: %w; ssh-agent cannot help, since age needs the private key itself; where nobody is there, let %s name an identity of age-keygen", why, err, variable)
}

// line is a public key as a list has it.
func line(public ssh.PublicKey) string {
	r, err := recipients.ParseRecipient(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))))
	if err != nil {
		return ""
	}
	return r
}
