package durable

import (
	"errors"
	"io/fs"
)

// ErrNotRegular is what errors.Is finds in an error of [Regular].
var ErrNotRegular = errors.New("it is not a regular file")

// kindError says what stands where a file is expected. Its text is a sentence of
// its own, so it does not repeat that of ErrNotRegular.
type kindError string

func (e kindError) Error() string { return "it is a " + string(e) + ", not a file" }

// Is makes errors.Is(err, ErrNotRegular) true.
func (e kindError) Is(target error) bool { return target == ErrNotRegular }

// Regular is nil for a regular file. For anything else it is an error that says
// what it is and wraps [ErrNotRegular]; it does not name the path.
func Regular(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return kindError("directory")
	case mode&fs.ModeNamedPipe != 0:
		return kindError("pipe")
	case mode&fs.ModeSocket != 0:
		return kindError("socket")
	case mode&fs.ModeDevice != 0:
		return kindError("device")
	}
	return ErrNotRegular
}
