package plugins

import "os"

// takeStdout returns the real standard output, for the handshake, and sends
// what the plugin prints from now on to standard error.
func takeStdout() (*os.File, error) {
	out := os.Stdout
	os.Stdout = os.Stderr
	return out, nil
}
