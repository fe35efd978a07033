package oskeyring

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins"
)

const (
	defaultService = "flask-vault"
	defaultAccount = "master-key"
	maxName        = 200

	kernelBackend = "kernel"

	// patience is how long the keyring may take. A desktop shows a dialogue
	// when it is locked; without a limit a program would hang on one that
	// nobody sees. It is less than the time that a host gives a plugin.
	patience = 25 * time.Second
)

// systemBackends are the keyrings of the systems by GOOS.
var systemBackends = map[string]string{"linux": "secret-service", "darwin": "keychain", "windows": "wincred"}

// Settings are the names of the settings that [New] knows.
func Settings() []string { return []string{"service", "account", "backend"} }

// Environment names the variables that the keyring of this system needs.
func Environment() []string {
	switch runtime.GOOS {
	case "windows":
		return []string{"USERPROFILE", "APPDATA", "LOCALAPPDATA"}
	case "darwin":
		return []string{"HOME", "USER"}
	}
	return []string{"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME"}
}

// backend is one kind of keyring. Its calls may take for ever.
type backend interface {
	get(service, account string) (text string, err error)
	set(service, account, text string) error
	remove(service, account string) error
}

// source is one entry of a keyring.
type source struct {
	backend
	kind, service, account string
	patience               time.Duration
}

// New makes the source. It is a [keysource.Saver] and a [keysource.Deleter].
func New(s keysource.Settings) (keysource.Source, error) {
	if err := s.Only(Settings()...); err != nil {
		return nil, err
	}
	src := source{service: s["service"], account: s["account"], kind: s["backend"], patience: patience}
	if src.service == "" {
		src.service = defaultService
	}
	if src.account == "" {
		src.account = defaultAccount
	}
	for name, value := range map[string]string{"service": src.service, "account": src.account} {
		if len(value) > maxName || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return nil, fmt.Errorf("the setting %s is not one line of at most %d bytes", name, maxName)
		}
	}
	if src.kind == "" {
		src.kind = systemBackends[runtime.GOOS]
	}
	switch src.kind {
	case kernelBackend:
		src.backend = kernel{}
	case "":
		return nil, fmt.Errorf("there is no keyring for %s", runtime.GOOS)
	case systemBackends[runtime.GOOS]:
		src.backend = system{}
	default:
		return nil, fmt.Errorf("the setting backend is %q, known here are %q and %q", src.kind, systemBackends[runtime.GOOS], kernelBackend)
	}
	return src, nil
}

// Name says which entry of which keyring it is.
func (s source) Name() string {
	return fmt.Sprintf("keyring %s (%s, %s)", s.kind, s.service, s.account)
}

// Load returns the key of the entry.
func (s source) Load(ctx context.Context) (keysource.Key, error) {
	var text string
	err := s.await(ctx, func() (err error) {
		text, err = s.get(s.service, s.account)
		return err
	})
	if err != nil {
		return keysource.Key{}, err
	}
	return keysource.ParseKey([]byte(text))
}

// Save writes the entry and reads it back.
func (s source) Save(ctx context.Context, k keysource.Key) error {
	if k.IsZero() {
		return errors.New("there is no key to save")
	}
	if err := s.await(ctx, func() error { return s.set(s.service, s.account, k.Text()) }); err != nil {
		return err
	}
	switch got, err := s.Load(ctx); {
	case err != nil:
		return fmt.Errorf("the key was saved but cannot be read back: %w", err)
	case !got.Equal(k):
		return errors.New("the keyring gave back another key than it was given")
	}
	return nil
}

// Delete removes the entry.
func (s source) Delete(ctx context.Context) error {
	return s.await(ctx, func() error { return s.remove(s.service, s.account) })
}

// errNotFound is what a backend returns for an entry that is not there.
var errNotFound = errors.New("not found")

// await runs act, which may never return, and does not wait for it longer than
// ctx and our patience allow. As a plugin the process ends with it.
func (s source) await(ctx context.Context, act func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- act() }()
	limit := time.NewTimer(s.patience)
	defer limit.Stop()
	select {
	case err := <-done:
		if errors.Is(err, errNotFound) {
			return plugins.Errorf(plugins.NoKey, "the %s keyring has no entry %s/%s", s.kind, s.service, s.account)
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-limit.C:
		return plugins.Errorf(plugins.Locked, "the %s keyring did not answer within %v; it may be locked and show a dialogue", s.kind, s.patience)
	}
}
