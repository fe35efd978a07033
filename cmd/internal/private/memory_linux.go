package private

import (
	"os"
	"path/filepath"
	"syscall"
)

const (
	// SharedMemory is a directory in memory that every user can write to.
	SharedMemory = "/dev/shm"

	tmpfsMagic = 0x01021994
	ramfsMagic = 0x858458f6
)

// MemoryDirs are the memory-backed directories that are safe for a private
// directory, best first. runtimeDir is what XDG_RUNTIME_DIR says, or empty.
func MemoryDirs(runtimeDir string) []string {
	var dirs []string
	if filepath.IsAbs(runtimeDir) && inMemory(runtimeDir) && ownersAlone(runtimeDir) {
		dirs = append(dirs, runtimeDir)
	}
	if inMemory(SharedMemory) && undisturbed(SharedMemory) {
		dirs = append(dirs, SharedMemory)
	}
	return dirs
}

func inMemory(dir string) bool {
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) != nil {
		return false
	}
	kind := uint32(fs.Type)
	return kind == tmpfsMagic || kind == ramfsMagic
}

// ownersAlone says whether dir is a directory of this user that nobody else can enter.
func ownersAlone(dir string) bool {
	info, err := os.Lstat(dir)
	return err == nil && info.IsDir() && info.Mode().Perm() == 0o700 && ownedByUser(info)
}

// undisturbed says whether nobody else can rename what this user makes in dir.
func undisturbed(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir() && (info.Mode()&os.ModeSticky != 0 || info.Mode().Perm()&0o022 == 0)
}
