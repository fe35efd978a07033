// Package examples tests the examples that are modules of their own. The others
// are tested with the packages of the project.
package examples

import (
	"os"
	"os/exec"
	"testing"
)

func TestDatabase(t *testing.T) {
	for _, args := range [][]string{{"mod", "tidy", "-diff"}, {"vet", "./..."}, {"test", "-race", "./..."}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = "database"
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %v: %v\n%s", args, err, text)
		}
	}
}
