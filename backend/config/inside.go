package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Inside refuses a path of flask-vault.yaml, relative to Root, that leads out of it by
// its words or through a linked directory, with an *[Error]. The last part of the path
// may be a link: a vault may lie in another place.
func (c *Config) Inside(path string) error {
	if err := c.inside(path); err != nil {
		return &Error{Where: cmp.Or(c.File, FileName), Msg: err.Error()}
	}
	return nil
}

// inside keeps commands from touching other files because a repository that somebody
// cloned has a path or a link that leads there.
func (c *Config) inside(path string) error {
	if !filepath.IsLocal(path) {
		return fmt.Errorf("the path %q leads out of the directory of %s", path, FileName)
	}
	at := c.Root
	for part := range strings.SplitSeq(filepath.Dir(filepath.Clean(path)), string(filepath.Separator)) {
		at = filepath.Join(at, part)
		info, err := os.Lstat(at)
		if err != nil {
			return nil //nolint:nilerr // it is not there, and no part after it
		}
		if info.Mode()&os.ModeSymlink == 0 {
			continue
		}
		target, err := filepath.EvalSymlinks(at)
		if err != nil {
			return fmt.Errorf("the path %q leads through the link %s, which leads nowhere", path, at)
		}
		root, err := filepath.EvalSymlinks(c.Root)
		if err != nil {
			return err
		}
		if rel, err := filepath.Rel(root, target); err != nil || !filepath.IsLocal(rel) {
			return fmt.Errorf("the path %q leads out of the directory of %s, through the link %s", path, FileName, at)
		}
	}
	return nil
}
