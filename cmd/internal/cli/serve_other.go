//go:build !linux

package cli

// endWithParent does nothing here: standard input ends with the parent.
func endWithParent() {}

// keepOutOfDumps does nothing here: core dumps are off by default, or go to root.
func keepOutOfDumps() {}
