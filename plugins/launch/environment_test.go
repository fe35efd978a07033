package launch_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/flask-vault/flask-vault/plugins/launch"
)

func TestEnvironment(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: Windows needs SystemRoot as well")
	}
	t.Setenv("WANTED", "1")
	t.Setenv("EMPTY", "")
	t.Setenv("SECRET", "2")
	got := launch.Environment([]string{"WANTED", "EMPTY", "UNSET_OF_COURSE"})
	want := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "WANTED=1", "EMPTY="}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
