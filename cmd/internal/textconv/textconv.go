// Package textconv turns an encrypted file into what git diff, git log -p and git
// show print of it.
//
// git starts a process for every version of a file, so this package links no
// command line. It never asks, never writes, and never fails for want of a key.
package textconv

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
	"github.com/flask-vault/flask-vault/cmd/internal/visible"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/launch"
)

// limit is how long a key source may take.
const limit = 10 * time.Second

// Parse understands [--vault DIR]... FILE. Without a vault it is the working
// directory's. ok is false for anything else.
func Parse(args []string) (file string, vaults []string, ok bool) {
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

// Main is the program flask-vault-textconv. It returns its exit code.
func Main() int {
	file, vaults, ok := Parse(os.Args[1:])
	if !ok {
		fmt.Fprintln(os.Stderr, "usage: flask-vault-textconv [--vault DIR]... FILE")
		return 2
	}
	text, err := File(context.Background(), file, vaults)
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "flask-vault-textconv:", err)
		return 1
	}
	return 0
}

// File is the text of an encrypted file: its content if a key of the vaults in
// these directories opens it, else one line that says what it is. An error is
// about reading the file alone.
func File(ctx context.Context, path string, vaults []string) ([]byte, error) {
	blob, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return text(ctx, filepath.Base(path), blob, vaults), nil
}

func text(ctx context.Context, name string, blob []byte, vaults []string) []byte {
	if len(bytes.TrimSpace(blob)) == 0 {
		return nil
	}
	content, err := open(ctx, name, blob, vaults)
	if err != nil {
		return without(blob)
	}
	defer clear(content)
	if ids := keyIDs(content); ids != nil {
		return fmt.Appendf(nil, "previous keys: %s\n", strings.Join(ids, ", "))
	}
	if !isText(content) {
		return fmt.Appendf(nil, "(binary content: %s)\n", fingerprint(content))
	}
	return lines(content)
}

// without is what can be shown of a blob that no key opens.
func without(blob []byte) []byte {
	switch fault := vaultkeys.Fault(blob); {
	case fault == "":
		return fmt.Appendf(nil, "(encrypted, and no key for it is here: %s)\n", fingerprint(blob))
	case isText(blob):
		return append(fmt.Appendf(nil, "(not an encrypted file: %s)\n", fault), lines(blob)...)
	default:
		return fmt.Appendf(nil, "(not an encrypted file: %s; %s)\n", fault, fingerprint(blob))
	}
}

// fingerprint makes two versions that cannot be shown look different.
func fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%d bytes, SHA-256 %x…", len(b), sum[:4])
}

// lines makes what controls a terminal visible, but for line ends, CRLF too.
func lines(content []byte) []byte {
	lines := strings.Split(string(content), "\r\n")
	for i := range lines {
		lines[i] = visible.Text(lines[i])
	}
	return []byte(strings.Join(lines, "\r\n"))
}

func isText(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

// keyIDs are the ids of the keys in a file of previous keys; nil if it is something
// else. The keys themselves are on no terminal.
func keyIDs(content []byte) []string {
	var ids []string
	for line := range bytes.Lines(content) {
		k, err := keysource.ParseKey(line)
		if err != nil {
			return nil
		}
		ids = append(ids, k.ID())
	}
	return ids
}

// open tries the keys of all environments. name is what git tells of the file's
// path: the last part, perhaps after a temporary name.
//
// Keys in variables and files are tried for all of them, those whose file has
// that name first. A plugin is a process, and may want to ask: one is tried, at
// the end.
func open(ctx context.Context, name string, blob []byte, vaults []string) ([]byte, error) {
	all := environments(vaults)
	other := func(e *vaultkeys.Environment) int {
		if strings.HasSuffix(name, filepath.Base(e.Credentials)) || strings.HasSuffix(name, filepath.Base(e.PreviousPath())) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(x, y *vaultkeys.Environment) int { return other(x) - other(y) })
	for _, e := range all {
		quick := slices.DeleteFunc(slices.Clone(e.Options.Keys), func(s keysource.Source) bool { return !vaultkeys.IsQuick(s) })
		if e.Ask(ctx, quick) == nil {
			if content, err := e.Open(blob); err == nil {
				return content, nil
			}
		}
	}
	for _, e := range all {
		if slow := slices.DeleteFunc(slices.Clone(e.Options.Keys), vaultkeys.IsQuick); len(slow) > 0 {
			if err := launch.CloseOnExec(); err != nil {
				return nil, err
			}
			if err := e.Ask(ctx, slow[:1]); err != nil {
				return nil, err
			}
			return e.Open(blob)
		}
	}
	return nil, backend.ErrAuth
}

// environments are those of the vaults in these directories, with plugins that can
// neither ask nor speak. A vault that is not in order has none.
func environments(vaults []string) []*vaultkeys.Environment {
	var all []*vaultkeys.Environment
	for _, dir := range vaults {
		c, err := config.Resolve(config.Overrides{
			Dir:         dir,
			Environment: config.DefaultEnvironment, // all are tried, whichever is chosen
			Plugins:     external.Options{Notice: func(string) {}, Words: func(string, string) {}},
		})
		if err != nil {
			continue
		}
		if found, err := vaultkeys.List(c); err == nil {
			all = append(all, found...)
		}
	}
	return all
}
