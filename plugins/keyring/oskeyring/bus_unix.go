//go:build unix && !darwin

package oskeyring

import (
	"fmt"
	"os"

	"github.com/flask-vault/flask-vault/plugins"
)

// reachable returns an error where there is no session bus. The D-Bus library
// would then run dbus-launch, which leaves a daemon behind and may hang.
func reachable() error {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return nil
	}
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid())); err == nil {
		return nil
	}
	return plugins.Errorf(plugins.Unavailable, "there is no session bus, so no keyring of a desktop; use the setting backend=%s here", kernelBackend)
}
