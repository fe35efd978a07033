//go:build faults && linux

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// copy makes the same world anew in dir. Its files are in memory or on disk,
// wherever dir is.
func (w *world) copy(t *testing.T, dir, shm string) *world {
	t.Helper()
	c := &world{t: t, root: dir, given: w.given, shm: shm}
	must(t, copyTree(w.root, dir))
	return c
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		dest := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			if err := os.MkdirAll(dest, 0o700); err != nil {
				return err
			}
			return os.Chmod(dest, info.Mode().Perm())
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(target, dest)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(dest, content, 0o600); err != nil {
			return err
		}
		return os.Chmod(dest, info.Mode().Perm())
	})
}

func (w *world) mustDo(env []string, name string, args ...string) {
	w.t.Helper()
	if r := w.do("", env, name, args...); r.code != 0 {
		w.t.Fatalf("%s %q: exit code %d\n%s%s", name, args, r.code, r.stdout, r.stderr)
	}
}

// holding are the files on disk with a text in them that allowed does not
// know about. Objects of git are compressed, and git is given no plaintext.
func (w *world) holding(text string, allowed func(path string) bool) []string {
	var found []string
	_ = filepath.WalkDir(w.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err == nil && bytes.Contains(content, []byte(text)) && !allowed(path) {
			found = append(found, path)
		}
		return nil
	})
	return found
}
