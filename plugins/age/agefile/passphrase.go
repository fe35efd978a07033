package agefile

import (
	"errors"

	"filippo.io/age"

	"github.com/flask-vault/flask-vault/plugins"
)

const (
	minPassphrase = 12

	// maxWork is the most that a wrapped key may make us work for a passphrase:
	// 1 GiB of memory. age itself asks for a quarter of that.
	maxWork = 20
)

// passphrase opens a key that is wrapped with a passphrase. It is asked for once.
type passphrase struct {
	ring *keyring
	text string
}

// Unwrap asks only where a passphrase is what is needed.
func (p *passphrase) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != "scrypt" {
		return nil, age.ErrIncorrectIdentity
	}
	text := p.text
	if text == "" {
		var err error
		if text, err = p.ask("Passphrase of " + p.ring.file); err != nil {
			return nil, err
		}
	}
	id, err := age.NewScryptIdentity(text)
	if err != nil {
		return nil, p.fails("the passphrase is empty")
	}
	id.SetMaxWorkFactor(maxWork)
	key, err := id.Unwrap(stanzas)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, p.fails("the passphrase of " + p.ring.file + " is wrong")
	}
	if err == nil {
		p.text = text
	}
	return key, err
}

// recipient is the passphrase that opened the key before, or a new one.
func (p *passphrase) recipient() (age.Recipient, error) {
	if p.text == "" {
		first, err := p.ask("New passphrase of " + p.ring.file)
		if err != nil {
			return nil, err
		}
		if len(first) < minPassphrase {
			return nil, plugins.Errorf(plugins.Denied, "the passphrase has fewer than %d characters: whoever has the file can try as many as they like", minPassphrase)
		}
		second, err := p.ask("The same passphrase again")
		if err != nil {
			return nil, err
		}
		if first != second {
			return nil, plugins.Errorf(plugins.Denied, "the two passphrases differ")
		}
		p.text = first
	}
	return age.NewScryptRecipient(p.text)
}

func (p *passphrase) ask(question string) (string, error) {
	text, err := plugins.PromptSecret(p.ring.ctx, question)
	if err != nil {
		err = explainAsking(err, p.ring.file+" is wrapped with a passphrase")
		p.ring.asked = err
	}
	return text, err
}

func (p *passphrase) fails(why string) error {
	p.ring.asked = plugins.Errorf(plugins.Denied, "%s", why)
	return p.ring.asked
}
