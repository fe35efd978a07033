package format

import (
	"path/filepath"
	"strings"
)

// Registry is a list of formats. The last one serves every file name that no
// other claims, so a registry normally ends in format/raw.
type Registry []Format

// ForFile picks the format for a file's name: of "credentials.yml.enc" the
// extension that counts is ".yml". It returns nil for an empty registry.
func (r Registry) ForFile(name string) Format {
	ext := strings.ToLower(filepath.Ext(strings.TrimSuffix(name, ".enc")))
	for _, f := range r {
		for _, e := range f.Extensions() {
			if e == ext {
				return f
			}
		}
	}
	if len(r) == 0 {
		return nil
	}
	return r[len(r)-1]
}

// ByName finds a format by its name.
func (r Registry) ByName(name string) (Format, bool) {
	for _, f := range r {
		if f.Name() == name {
			return f, true
		}
	}
	return nil, false
}
