package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
)

// The lines of enroll in .gitattributes stand between these two. What follows
// the first tells unenroll how to leave the file as it was.
const (
	blockBegin = "# >>> flask-vault git enroll"
	blockEnd   = "# <<< flask-vault git enroll"

	noLineEnd = " (the line before had no end)"
	noFile    = " (there was no file)"
)

// drivers are the attributes of an encrypted file.
const drivers = " -text diff=" + driver + " merge=" + driver

// attributeLines are what git has to know of a vault's files, for the
// .gitattributes in its directory. encrypt makes FILE.enc of any file, so the first
// line is for all such names; the others are for files that flask-vault.yaml calls
// otherwise.
func attributeLines(c *config.Config) ([]string, error) {
	var named []string
	for _, name := range c.Environments {
		e, err := c.In(name)
		if err != nil {
			return nil, err
		}
		for _, pattern := range e.Files {
			named = append(named, filepath.ToSlash(pattern))
		}
		for _, path := range []string{e.Path(), e.PreviousPath()} {
			rel, err := filepath.Rel(c.Root, path)
			if err != nil {
				return nil, err
			}
			named = append(named, escapeGlob(filepath.ToSlash(rel)))
		}
	}
	lines := []string{"*.enc" + drivers}
	slices.Sort(named)
	for _, p := range slices.Compact(named) {
		if !strings.HasSuffix(p, ".enc") {
			lines = append(lines, attributePattern(p)+drivers)
		}
	}
	return lines, nil
}

// attributePattern anchors a pattern at the directory of .gitattributes, and
// quotes it as git wants it.
func attributePattern(pattern string) string {
	pattern = "/" + pattern
	if strings.IndexFunc(pattern, func(r rune) bool { return r <= ' ' || r == '"' || r == 0x7f }) < 0 {
		return pattern
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(pattern) {
		switch c := pattern[i]; {
		case c == '"' || c == '\\':
			b.Write([]byte{'\\', c})
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// block is where in a file the lines of enroll are.
type block struct {
	begin, end int // of its bytes; equal if there is none
	flags      string
	lines      []string
}

var errBlock = errors.New("the lines of git enroll have a beginning or an end alone; remove what is left of them")

func findBlock(text []byte) (block, error) {
	b := block{begin: -1}
	at := 0
	for line := range bytes.Lines(text) {
		start := at
		at += len(line)
		word := strings.TrimRight(string(line), "\r\n")
		flags, isBegin := strings.CutPrefix(word, blockBegin)
		switch {
		case isBegin && b.begin >= 0, word == blockEnd && b.begin < 0:
			return block{}, errBlock
		case isBegin:
			b.begin, b.flags = start, flags
		case word == blockEnd:
			b.end = at
			return b, nil
		case b.begin >= 0:
			b.lines = append(b.lines, word)
		}
	}
	if b.begin >= 0 {
		return block{}, errBlock
	}
	return block{}, nil
}

// withBlock is text with the lines in its block, which is made at the end where
// there is none. exists says whether the file is there.
func withBlock(text []byte, exists bool, lines []string) ([]byte, error) {
	b, err := findBlock(text)
	if err != nil {
		return nil, err
	}
	ending := "\n"
	if b.begin == b.end && bytes.Contains(text, []byte("\r\n")) || bytes.HasSuffix(text[b.begin:b.end], []byte("\r\n")) {
		ending = "\r\n"
	}
	before, after := bytes.Clone(text[:b.begin]), text[b.end:]
	if b.begin == b.end {
		before, after = bytes.Clone(text), nil
		switch {
		case !exists:
			b.flags = noFile
		case len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")):
			b.flags = noLineEnd
			before = append(before, ending...)
		}
	}
	for _, line := range slices.Concat([]string{blockBegin + b.flags}, lines, []string{blockEnd}) {
		before = append(append(before, line...), ending...)
	}
	return append(before, after...), nil
}

// withoutBlock is text as it was before withBlock; nil if there was no file.
func withoutBlock(text []byte) ([]byte, error) {
	b, err := findBlock(text)
	if err != nil || b.begin == b.end {
		return text, err
	}
	before, after := text[:b.begin], text[b.end:]
	if b.flags == noLineEnd && len(after) == 0 {
		ending := "\n"
		if bytes.HasSuffix(text[b.begin:b.end], []byte("\r\n")) {
			ending = "\r\n"
		}
		before = bytes.TrimSuffix(before, []byte(ending))
	}
	rest := slices.Concat(before, after)
	if b.flags == noFile && len(rest) == 0 {
		return nil, nil
	}
	return append([]byte{}, rest...), nil
}

// rewrite changes a small text file, keeps its mode, and reports whether it did.
// change gets nil where there is no file, and returns nil to remove it.
func rewrite(path string, change func(text []byte) ([]byte, error)) (bool, error) {
	mode := fs.FileMode(0o644)
	text, err := []byte(nil), error(nil)
	switch info, serr := os.Lstat(path); {
	case errors.Is(serr, fs.ErrNotExist):
	case serr != nil:
		return false, serr
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s: it is not a regular file, and git would not read it", path)
	default:
		mode = info.Mode().Perm()
		if text, err = durable.ReadFile(path, maxGitFile); err != nil {
			return false, err
		}
		text = append([]byte{}, text...) // not nil, even if empty
	}
	to, err := change(text)
	switch {
	case err != nil:
		return false, fmt.Errorf("%s: %w", path, err)
	case to == nil && text == nil, to != nil && text != nil && bytes.Equal(to, text):
		return false, nil
	case to == nil:
		return true, durable.Remove(path)
	}
	return true, writeFile(path, to, mode)
}

// writeFile puts content in the place of a file, in one step.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	f, err := durable.New(path, mode)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return f.Replace()
}
