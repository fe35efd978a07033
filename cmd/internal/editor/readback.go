package editor

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// readBack reads the file that the editor left. It goes by path, since many
// editors save by putting a new file in the old one's place. Errors wrap
// ErrNotTaken.
func readBack(path string) ([]byte, error) {
	before, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: its file is gone", ErrNotTaken)
	}
	if err == nil {
		err = regular(before)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotTaken, err)
	}
	f, err := openNoFollow(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotTaken, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = regular(info)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotTaken, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotTaken, err)
	}
	if len(text) > MaxSize {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrNotTaken, MaxSize)
	}
	return text, nil
}

func regular(info os.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode&os.ModeSymlink != 0:
		return errors.New("it is a symbolic link now")
	case mode.IsDir():
		return errors.New("it is a directory now")
	}
	return errors.New("it is a special file now")
}
