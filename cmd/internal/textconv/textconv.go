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
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/textconv/content"
	"github.com/flask-vault/flask-vault/cmd/internal/textconv/quick"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/launch"
)

// limit is how long a key source may take.
const limit = 10 * time.Second

// File is the text of an encrypted file: its content if a key of the vaults in
// these directories opens it, else one line that says what it is. An error is
// about reading the file alone.
func File(ctx context.Context, path string, vaults []string) ([]byte, error) {
	blob, err := durable.ReadFile(path, quick.MaxSize)
	var input *durable.InputError
	if errors.As(err, &input) && input.Limit > 0 {
		return tooLarge(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, durable.WithoutPath(err))
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return text(ctx, filepath.Base(path), blob, vaults), nil
}

// tooLarge makes two versions look different that would take the machine's memory to
// show.
func tooLarge(path string) ([]byte, error) {
	f, err := durable.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "(too large to be shown: %d bytes, SHA-256 %x…)\n", n, sum.Sum(nil)[:4]), nil
}

func text(ctx context.Context, name string, blob []byte, vaults []string) []byte {
	if len(bytes.TrimSpace(blob)) == 0 {
		return nil
	}
	opened, err := open(ctx, name, blob, vaults)
	if err != nil {
		return without(blob)
	}
	defer clear(opened)
	return content.Text(opened)
}

// without is what can be shown of a blob that no key opens.
func without(blob []byte) []byte {
	switch fault := vaultkeys.Fault(blob); {
	case fault == "":
		return fmt.Appendf(nil, "(encrypted, and no key for it is here: %s)\n", content.Fingerprint(blob))
	case content.IsText(blob):
		return append(fmt.Appendf(nil, "(not an encrypted file: %s)\n", fault), content.Lines(blob)...)
	default:
		return fmt.Appendf(nil, "(not an encrypted file: %s; %s)\n", fault, content.Fingerprint(blob))
	}
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
		if strings.HasSuffix(name, filepath.Base(e.Path())) || strings.HasSuffix(name, filepath.Base(e.PreviousPath())) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(x, y *vaultkeys.Environment) int { return other(x) - other(y) })
	for _, e := range all {
		quick := slices.DeleteFunc(slices.Clone(e.Options.Keys), func(s keysource.Source) bool { return !vaultkeys.IsQuick(s) })
		if e.Ask(ctx, quick) == nil {
			if opened, err := e.Open(blob); err == nil {
				return opened, nil
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
