package oskeyring

import (
	"errors"
	"strings"

	"github.com/zalando/go-keyring"

	"github.com/flask-vault/flask-vault/plugins"
)

// system is the keyring that go-keyring knows for this operating system.
type system struct{}

func (system) get(service, account string) (string, error) {
	if err := reachable(); err != nil {
		return "", err
	}
	text, err := keyring.Get(service, account)
	return text, explain(err)
}

func (system) set(service, account, text string) error {
	if err := reachable(); err != nil {
		return err
	}
	return explain(keyring.Set(service, account, text))
}

func (system) remove(service, account string) error {
	if err := reachable(); err != nil {
		return err
	}
	return explain(keyring.Delete(service, account))
}

func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return errNotFound
	case strings.Contains(err.Error(), "failed to unlock"):
		return plugins.Errorf(plugins.Locked, "the keyring is locked; unlock it, or use the setting backend=%s on a machine without a desktop", kernelBackend)
	case strings.Contains(err.Error(), "org.freedesktop.secrets"):
		return plugins.Errorf(plugins.Unavailable, "no keyring service runs on the session bus; start one (gnome-keyring-daemon, KWallet, KeePassXC) or use the setting backend=%s", kernelBackend)
	}
	return plugins.Errorf(plugins.Unavailable, "the keyring failed: %w", err)
}
