//go:build !linux

package editor

// sharedMemory is empty: the system has no memory-backed directory of its own.
const sharedMemory = ""

// memoryDirs is empty for the same reason.
func memoryDirs(string) []string { return nil }
