package oskeyring

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/flask-vault/flask-vault/plugins"
)

// kernel is the user's keyring in the Linux kernel.
type kernel struct{}

const (
	kernelType = "user"

	// The owner of the keyring and the user may do everything, nobody else
	// anything: without the user's part another session could not read the key.
	kernelPermissions = 0x3f3f0000

	maxKernelText = 4096
)

func description(service, account string) string { return "flask-vault:" + service + ":" + account }

func (kernel) get(service, account string) (string, error) {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, kernelType, description(service, account), 0)
	if err != nil {
		return "", explainKernel(err)
	}
	text := make([]byte, maxKernelText)
	n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, text, 0)
	if err != nil {
		return "", explainKernel(err)
	}
	defer clear(text)
	return string(text[:min(n, len(text))]), nil
}

func (kernel) set(service, account, text string) error {
	id, err := unix.AddKey(kernelType, description(service, account), []byte(text), unix.KEY_SPEC_USER_KEYRING)
	if err != nil {
		return explainKernel(err)
	}
	_, err = unix.KeyctlInt(unix.KEYCTL_SETPERM, id, kernelPermissions, 0, 0)
	return explainKernel(err)
}

func (kernel) remove(service, account string) error {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, kernelType, description(service, account), 0)
	if err != nil {
		return explainKernel(err)
	}
	_, err = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_USER_KEYRING, 0, 0)
	return explainKernel(err)
}

func explainKernel(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOKEY), errors.Is(err, unix.EKEYEXPIRED), errors.Is(err, unix.EKEYREVOKED):
		return errNotFound
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return plugins.Errorf(plugins.Denied, "the kernel keyring is not to be used here (containers forbid it): %w", err)
	}
	return fmt.Errorf("the kernel keyring failed: %w", err)
}
