package watch_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/flask-vault/flask-vault/backend/watch"
)

// TestWithoutInotify runs itself again in a user namespace that may have no
// inotify instance, as a user whose limit is reached.
func TestWithoutInotify(t *testing.T) {
	if os.Getenv("WATCH_WITHOUT_INOTIFY") == "" {
		cmd := exec.CommandContext(t.Context(), "unshare", "--user", "--map-root-user", "sh", "-ec",
			`echo 0 >/proc/sys/user/max_inotify_instances; exec "$@"`, "sh", os.Args[0], "-test.run=^TestWithoutInotify$", "-test.v")
		cmd.Env = append(os.Environ(), "WATCH_WITHOUT_INOTIFY=1")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return
	}
	if w, err := fsnotify.NewWatcher(); err == nil {
		_ = w.Close()
		t.Fatal("there is an inotify instance")
	}
	dir := t.TempDir()
	makeVault(t, dir, "a: 0\n")
	w := start(t, dir, watch.Watcher{Poll: 20 * time.Millisecond})
	save(t, dir, "a: 1\n")
	w.value("a", "1")
}
