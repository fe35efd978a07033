//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// memoryOf is the most memory that the process had at any time, in MiB, and its
// minor page faults.
func memoryOf(s *os.ProcessState) (peak, faults float64) {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, 0
	}
	faults = float64(usage.Minflt)
	if runtime.GOOS == "darwin" { // in bytes there, in KiB elsewhere
		return float64(usage.Maxrss) / (1 << 20), faults
	}
	return float64(usage.Maxrss) / (1 << 10), faults
}
