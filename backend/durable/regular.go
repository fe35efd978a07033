package durable

import "io/fs"

// Regular is nil for a regular file. For anything else it is an *[InputError] that
// says what it is.
func Regular(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return &InputError{Reason: "it is a directory, not a file"}
	case mode&fs.ModeNamedPipe != 0:
		return &InputError{Reason: "it is a pipe, not a file"}
	case mode&fs.ModeSocket != 0:
		return &InputError{Reason: "it is a socket, not a file"}
	case mode&fs.ModeDevice != 0:
		return &InputError{Reason: "it is a device, not a file"}
	}
	return &InputError{Reason: "it is not a regular file"}
}
