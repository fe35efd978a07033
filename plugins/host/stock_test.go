//go:build unix

package host_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// stockExecutable builds a plugin on hashicorp/go-plugin as anybody would who
// does not know our SDK.
func stockExecutable(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "stock")
	cmd := exec.Command("go", "build", "-o", out, "./testdata/stock")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return out
}
