package format

import (
	"path/filepath"
	"strings"
)

// Registry is a list of formats. The last one serves every file name that no
// other claims, so a registry normally ends in format/raw.
type Registry []Format

// Extension is what of a file's name tells the format, in small letters: ".yml" of
// "credentials.yml.enc", and ".env" of ".env.production", as such files are called.
func Extension(name string) string {
	base := strings.ToLower(filepath.Base(strings.TrimSuffix(name, ".enc")))
	if strings.HasPrefix(base, ".env.") && strings.Count(base, ".") == 2 {
		switch ext := filepath.Ext(base); ext {
		case ".yml", ".yaml", ".json", ".toml": // .env.json is JSON
		default:
			return ".env"
		}
	}
	return filepath.Ext(base)
}

// ForFile picks the format for a file's name by its [Extension]. It returns nil for
// an empty registry.
func (r Registry) ForFile(name string) Format {
	ext := Extension(name)
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
