//go:build !linux

package oskeyring

import (
	"runtime"

	"github.com/flask-vault/flask-vault/plugins"
)

// kernel is a keyring of Linux alone.
type kernel struct{}

func (kernel) get(string, string) (string, error) { return "", noKernel() }

func (kernel) set(string, string, string) error { return noKernel() }

func (kernel) remove(string, string) error { return noKernel() }

func noKernel() error {
	return plugins.Errorf(plugins.BadSettings, "the setting backend=%s is for Linux, this is %s", kernelBackend, runtime.GOOS)
}
