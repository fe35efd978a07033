package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// prepareGit makes git leave the key and tmp/ out and keep encrypted files byte
// for byte, if dir lies in a git work tree. It returns the files it changed.
// keys are the lines that name key files.
func prepareGit(dir string, keys ...string) (changed []string, err error) {
	if !inWorkTree(dir) {
		return nil, nil
	}
	for _, f := range []struct {
		name  string
		lines []string
	}{
		// A write that is killed half way leaves a file of such a name, a key's too.
		{".gitignore", append(keys, "/tmp/", ".flask-vault-*")},
		{".gitattributes", []string{"*.enc -text"}},
	} {
		did, err := addLines(filepath.Join(dir, f.name), f.lines)
		if err != nil {
			return changed, err
		}
		if did {
			changed = append(changed, f.name)
		}
	}
	return changed, nil
}

// ignorePattern is the line of .gitignore for a file, by its path from there. What the
// line cannot hold, or addLines would not find again, is any character.
func ignorePattern(path string) string {
	var b strings.Builder
	b.WriteByte('/')
	for i := range len(path) {
		switch c := path[i]; {
		case c == '\n', c == '\r', i == len(path)-1 && strings.ContainsRune(" \t\v\f", rune(c)):
			b.WriteByte('?')
		case strings.ContainsRune(`\*?[`, rune(c)):
			b.Write([]byte{'\\', c})
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func inWorkTree(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

// maxGitFile is the most bytes that a .gitignore or .gitattributes may have here.
const maxGitFile = 4 << 20

// addLines adds the lines that a file lacks at its end, and reports whether any were.
func addLines(path string, lines []string) (bool, error) {
	info, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	mode := fs.FileMode(0o644)
	var text []byte
	if err == nil {
		if !info.Mode().IsRegular() {
			return false, &durable.InputError{Reason: path + ": it is not a regular file, and git would not read it"}
		}
		mode = info.Mode().Perm()
		if text, err = durable.ReadFile(path, maxGitFile); err != nil {
			return false, err
		}
	}
	ending := []byte("\n")
	if bytes.Contains(text, []byte("\r\n")) {
		ending = []byte("\r\n")
	}
	have := map[string]bool{}
	for line := range bytes.Lines(text) {
		have[string(bytes.TrimSpace(line))] = true
	}
	var add []byte
	for _, line := range lines {
		if !have[line] {
			add = append(append(add, line...), ending...)
		}
	}
	if len(add) == 0 {
		return false, nil
	}
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, ending...)
	}
	f, err := durable.New(path, mode)
	if err != nil {
		return false, err
	}
	defer f.Discard()
	if _, err := f.Write(append(text, add...)); err != nil {
		return false, err
	}
	return true, f.Replace()
}
