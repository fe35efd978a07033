//go:build !linux

package private

// SharedMemory is empty: the system has no memory-backed directory of its own.
const SharedMemory = ""

// MemoryDirs is empty for the same reason.
func MemoryDirs(string) []string { return nil }
