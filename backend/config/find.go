package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// FileName is the name of the optional configuration file.
	FileName = "flask-vault.yaml"

	// KeyFile is the name of the key file of the default environment.
	KeyFile = "master.key"
)

// credentialsNames are the files that mark a vault's directory where there is
// no configuration file, the preferred one first.
var credentialsNames = [...]string{"credentials.yml.enc", "credentials.yaml.enc", "credentials.toml.enc", "credentials.json.enc"}

// place is where a vault is, or would be made.
type place struct {
	root        string // directory
	file        string // path of its flask-vault.yaml, "" if none
	credentials string // name of the credentials file that was found, "" if none
	found       bool   // something of a vault is there
}

// find walks from dir up to the root of the git work tree and takes the first
// directory that has a configuration, a credentials file or a key. Outside of a
// work tree it looks at dir alone. With none found, the place is dir.
func find(dir string) (place, error) {
	top := workTree(dir)
	for d := dir; ; d = filepath.Dir(d) {
		p, err := look(d)
		if err != nil || p.root != "" {
			return p, err
		}
		if d == top || d == filepath.Dir(d) {
			return place{root: dir}, nil
		}
	}
}

func look(dir string) (place, error) {
	var p place
	file := filepath.Join(dir, FileName)
	switch _, err := os.Stat(file); {
	case err == nil:
		p.root, p.file = dir, file
	case !errors.Is(err, fs.ErrNotExist):
		return place{}, err
	}
	for _, name := range credentialsNames {
		if exists(filepath.Join(dir, name)) {
			p.root, p.credentials = dir, name
			break
		}
	}
	if p.root == "" && exists(filepath.Join(dir, KeyFile)) {
		p.root = dir
	}
	p.found = p.root != ""
	return p, nil
}

// workTree returns the nearest directory, from dir up, that holds .git; dir
// itself if there is none.
func workTree(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if exists(filepath.Join(d, ".git")) {
			return d
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
