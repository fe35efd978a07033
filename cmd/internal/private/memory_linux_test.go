package private

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMemoryDirs(t *testing.T) {
	if !inMemory(SharedMemory) {
		t.Skip("this machine has no tmpfs on /dev/shm, so there is nothing to find")
	}
	disk := t.TempDir()
	if inMemory(disk) {
		t.Log("the temporary directory is in memory itself: a runtime directory on disk cannot be tried")
	}
	inShm := func(mode os.FileMode) string {
		t.Helper()
		dir, err := os.MkdirTemp(SharedMemory, "flask-vault-test-*")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Error(err)
			}
		})
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	good := inShm(0o700)
	link := filepath.Join(inShm(0o700), "link")
	if err := os.Symlink(good, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, runtimeDir string
		use              bool
	}{
		{"private and in memory", good, true},
		{"unset", "", false},
		{"relative", "run", false},
		{"missing", good + "/missing", false},
		{"others may enter", inShm(0o750), false},
		{"not writable", inShm(0o500), false},
		{"a link", link, false},
		{"on disk", disk, inMemory(disk)},
	} {
		want := []string{SharedMemory}
		if tc.use {
			want = []string{tc.runtimeDir, SharedMemory}
		}
		if got := MemoryDirs(tc.runtimeDir); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", tc.name, got, want)
		}
	}
	if os.Geteuid() == 0 {
		other := inShm(0o700)
		if err := os.Chown(other, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if ownersAlone(other) {
			t.Error("the directory of another user counts as private")
		}
		dead := filepath.Join(other, Prefix+"1-2")
		if err := os.Mkdir(dead, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dead, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		swept, err := Sweep([]string{other})
		if err != nil || slices.Contains(swept, Leftover{Dir: dead, PID: 1}) || !exists(t, dead) {
			t.Errorf("swept %v, %v: the session of another user is not ours to remove", swept, err)
		}
	}
	if undisturbed(inShm(0o777)) || !undisturbed(good) {
		t.Error("a directory where others can rename counts as undisturbed")
	}
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	return err == nil
}
