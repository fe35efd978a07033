package host

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource/external"
)

// FuzzHandshake: a first line that is accepted names a socket in the directory
// that the plugin was given, with a certificate; any other is a short error.
func FuzzHandshake(f *testing.F) {
	for _, line := range []string{
		"1|1|unix|/run/plugin/s|grpc|", "1|1|tcp|127.0.0.1:1|grpc|x", "1|1|unix|/run/plugin/../x|grpc|AAAA", "2|1|unix|/run/plugin/s|grpc|x",
		"1|99|unix|/run/plugin/s|grpc|x", "1|1|unix|/run/plugin/s|netrpc|x", "", "|||||", "\x1b]0;pwned\a", "1|1|unix|\x00|grpc|x",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		err := (&firstLine{dir: "/run/plugin"}).check(line)
		if err == nil {
			parts := strings.Split(strings.TrimSpace(line), "|")
			if parts[2] != "unix" || filepath.Dir(parts[3]) != "/run/plugin" || parts[5] == "" {
				t.Fatalf("%q is accepted", line)
			}
			return
		}
		var e *external.Error
		if !errors.As(err, &e) || len(e.Message) > 2000 {
			t.Fatalf("%T of %d bytes", err, len(err.Error()))
		}
	})
}
