package editor

import (
	"os"
	"path/filepath"
	"syscall"
)

const (
	// sharedMemory is a place in memory that every user can write to.
	sharedMemory = "/dev/shm"

	tmpfsMagic = 0x01021994
	ramfsMagic = 0x858458f6
)

// memoryDirs are the memory-backed directories that are safe for a private
// directory, best first.
func memoryDirs(runtimeDir string) []string {
	var dirs []string
	if filepath.IsAbs(runtimeDir) && inMemory(runtimeDir) && private(runtimeDir) {
		dirs = append(dirs, runtimeDir)
	}
	if inMemory(sharedMemory) && undisturbed(sharedMemory) {
		dirs = append(dirs, sharedMemory)
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

// private says whether dir is a directory of this user that nobody else can enter.
func private(dir string) bool {
	info, err := os.Lstat(dir)
	return err == nil && info.IsDir() && info.Mode().Perm() == 0o700 && ownedByUser(info)
}

// undisturbed says whether nobody else can rename what this user makes in dir.
func undisturbed(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir() && (info.Mode()&os.ModeSticky != 0 || info.Mode().Perm()&0o022 == 0)
}
