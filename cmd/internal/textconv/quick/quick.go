// Package quick is the short way of git textconv: git starts a process for every
// version of a file that it shows, and what such a process links is most of what it
// costs. So this package reads no configuration; it tries the keys that lie where
// init puts them.
package quick

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/textconv/content"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/env"
	"github.com/flask-vault/flask-vault/keysource/file"
)

// MaxSize is the most bytes of a file that is shown: as many as a credentials file has.
const MaxSize = 64 << 20

// Parse understands [--vault DIR]... FILE. Without a vault it is the working
// directory's. ok is false for anything else.
func Parse(args []string) (path string, vaults []string, ok bool) {
	for len(args) > 2 && args[0] == "--vault" {
		vaults, args = append(vaults, args[1]), args[2:]
	}
	if len(args) != 1 || strings.HasPrefix(args[0], "-") {
		return "", nil, false
	}
	if len(vaults) == 0 {
		vaults = []string{"."}
	}
	return args[0], vaults, true
}

// File is the text of an encrypted file, if one of the keys opens it: those in the
// variables FLASK_VAULT_MASTER_KEY and FLASK_VAULT_…_KEY, in master.key and in the
// key files of credentials/, each with the keys of before the last rekeys.
func File(ctx context.Context, path string, vaults []string) (text []byte, ok bool) {
	blob, err := durable.ReadFile(path, MaxSize)
	if err != nil {
		return nil, false
	}
	for k := range candidates(vaults) {
		c, err := backend.FindKey(ctx, k)
		if err != nil {
			continue
		}
		if opened, err := c.Open(blob, nil); err == nil {
			defer clear(opened)
			return content.Text(opened), true
		}
	}
	return nil, false
}

// candidates are the keys to try, the likely ones first. Most often the first that is
// there opens the file, and nobody looks for the others.
func candidates(vaults []string) iter.Seq[backend.Options] {
	return func(yield func(backend.Options) bool) {
		try := func(s keysource.Source, previous string) bool {
			return yield(backend.Options{Keys: keysource.Chain{s}, Previous: previous})
		}
		for _, dir := range vaults {
			previous := filepath.Join(dir, "credentials.previous.enc")
			if !try(env.New("FLASK_VAULT_MASTER_KEY"), previous) || !try(file.New(filepath.Join(dir, "master.key"), file.Options{}), previous) {
				return
			}
		}
		for _, name := range variables() {
			environment := strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(name, "FLASK_VAULT_"), "_KEY"), "_", "-"))
			for _, dir := range vaults {
				if !try(env.New(name), filepath.Join(dir, "credentials", environment+".previous.enc")) {
					return
				}
			}
		}
		for _, dir := range vaults {
			keys, _ := filepath.Glob(filepath.Join(dir, "credentials", "*.key"))
			for _, key := range keys {
				if !try(file.New(key, file.Options{}), strings.TrimSuffix(key, ".key")+".previous.enc") {
					return
				}
			}
		}
	}
}

// variables are those that hold the keys of environments with a name, in order.
func variables() []string {
	var names []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "FLASK_VAULT_") && strings.HasSuffix(name, "_KEY") && name != "FLASK_VAULT_MASTER_KEY" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
