package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzLoad: a configuration is read or refused by an error of one line, and the
// key sources that it names are names.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"version: 1\n", "version: 1\ncredentials: ../x\nkeysource: [env, {file: {path: k}}]\n",
		"version: 1\nenvironments:\n  production: {base: default, key_id: \"00112233\", required: [a], files: [b.enc]}\n",
		"version: 1\nplugins: {start_timeout: 1s}\n", "a: &a [*a]\n", "[[[[", "version: !!binary x\n", "\x00", "\xff", "version: 1\n---\nversion: 2\n", "keysource: [./evil]\n",
	} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), FileName)
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 4096 {
			return // the parser compares all names of a mapping with all
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := load(path)
		var mistake *Error
		if err != nil {
			if !errors.As(err, &mistake) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "\x1b") {
				t.Fatalf("%T: %q", err, err)
			}
			return
		}
		specs, err := parseSources(c.KeySource)
		for _, s := range specs {
			if err == nil && !validName(s.Name) {
				t.Fatalf("a source is called %q", s.Name)
			}
		}
	})
}
