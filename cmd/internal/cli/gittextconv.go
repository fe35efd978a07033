package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/launch"
)

// textconvTime is how long a key source may take. git waits for us once for each
// version of each file.
const textconvTime = 10 * time.Second

func (a *app) gitTextconvCommand() *cobra.Command {
	var vaults []string
	cmd := &cobra.Command{
		Use:    "textconv FILE",
		Short:  "Print an encrypted file as text, for git to call",
		Hidden: true,
		Long: `Print what a version of an encrypted file holds, for git diff, git log -p and git
show. Where no key opens it, print one line that says so; the exit code is 0 all
the same, so that git goes on. Nothing is asked for and nothing is written.`,
		Example: "  git config diff.flask-vault.textconv 'flask-vault git textconv'",
		Args:    exactly(1, "one FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.textconv(cmd.Context(), args[0], vaults)
		},
	}
	cmd.Flags().StringArrayVar(&vaults, "vault", []string{"."}, "the `DIR` of a vault whose keys are tried; can be repeated")
	return cmd
}

func (a *app) textconv(ctx context.Context, path string, vaults []string) error {
	blob, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, textconvTime)
	defer cancel()
	return a.print(a.readable(ctx, filepath.Base(path), blob, vaults))
}

// readable is what git shows for a blob.
func (a *app) readable(ctx context.Context, name string, blob []byte, vaults []string) []byte {
	if len(bytes.TrimSpace(blob)) == 0 {
		return nil
	}
	if reason := envelopeFault(blob); reason != "" {
		if !isText(blob) {
			return fmt.Appendf(nil, "(not an encrypted file: %s; %s)\n", reason, fingerprint(blob))
		}
		return append(fmt.Appendf(nil, "(not an encrypted file: %s)\n", reason), visible(blob)...)
	}
	text, err := a.openAny(ctx, name, blob, vaults)
	if err != nil {
		return fmt.Appendf(nil, "(encrypted, and no key for it is here: %s)\n", fingerprint(blob))
	}
	defer clear(text)
	if ids := keyIDs(text); ids != nil {
		return fmt.Appendf(nil, "previous keys: %s\n", strings.Join(ids, ", "))
	}
	if !isText(text) {
		return fmt.Appendf(nil, "(binary content: %s)\n", fingerprint(text))
	}
	return visible(text)
}

// envelopeFault says why a blob is not an envelope; "" if it is one. No key is
// needed to know that.
func envelopeFault(blob []byte) string {
	nobody, err := backend.NewCipher(keysource.NewKey())
	if err == nil {
		_, err = nobody.Open(blob, nil)
	}
	var fault *backend.EnvelopeError
	switch {
	case errors.As(err, &fault):
		return fault.Reason
	case errors.Is(err, backend.ErrMalformed):
		return "it is damaged"
	}
	return ""
}

// fingerprint makes two versions that cannot be shown look different.
func fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%d bytes, SHA-256 %x…", len(b), sum[:4])
}

// visible makes what controls a terminal visible. Line ends stay, CRLF too.
func visible(text []byte) []byte {
	lines := strings.Split(string(text), "\r\n")
	for i := range lines {
		lines[i] = sanitize(lines[i])
	}
	return []byte(strings.Join(lines, "\r\n"))
}

// keyIDs are the ids of the keys in a file of previous keys; nil if text is something else.
func keyIDs(text []byte) []string {
	var ids []string
	for line := range bytes.Lines(text) {
		k, err := keysource.ParseKey(line)
		if err != nil {
			return nil
		}
		ids = append(ids, k.ID())
	}
	return ids
}

// openAny opens a blob with the key of any environment of the vaults. name is
// what git says of its path: the last part, perhaps after a temporary name.
//
// Keys in variables and files are tried for all of them, a plugin once: it is
// a process, and may have a person to ask.
func (a *app) openAny(ctx context.Context, name string, blob []byte, vaults []string) ([]byte, error) {
	var all []*environmentKey
	for _, dir := range vaults {
		all = append(all, a.silentEnvironments(dir)...)
	}
	named := func(e *environmentKey) bool {
		return strings.HasSuffix(name, filepath.Base(e.Credentials)) || strings.HasSuffix(name, filepath.Base(e.PreviousPath()))
	}
	slices.SortStableFunc(all, func(x, y *environmentKey) int {
		switch {
		case named(x) == named(y):
			return 0
		case named(x):
			return -1
		}
		return 1
	})
	for _, e := range all {
		quick := slices.DeleteFunc(slices.Clone(e.options.Keys), func(s keysource.Source) bool { return !isQuick(s) })
		if e.find(ctx, quick) == nil {
			if text, err := e.opens(blob); err == nil {
				return text, nil
			}
		}
	}
	for _, e := range all {
		if slices.ContainsFunc(e.options.Keys, func(s keysource.Source) bool { return !isQuick(s) }) {
			slow := slices.DeleteFunc(slices.Clone(e.options.Keys), isQuick)[:1]
			if err := errors.Join(launch.CloseOnExec(), e.find(ctx, slow)); err != nil {
				return nil, err
			}
			return e.opens(blob)
		}
	}
	return nil, backend.ErrAuth
}

// silentEnvironments are the environments of the vault in a directory, with
// plugins that can neither ask nor speak. A vault that is not in order has none.
func (a *app) silentEnvironments(dir string) []*environmentKey {
	o := a.overrides
	o.Dir = dir
	o.Plugins = external.Options{Notice: func(string) {}}
	c, err := config.Resolve(o)
	if err != nil {
		return nil
	}
	var all []*environmentKey
	for _, name := range c.Environments {
		e := &environmentKey{}
		if e.Config, err = c.In(name); err != nil {
			continue
		}
		if e.options, err = e.Options(); err == nil {
			all = append(all, e)
		}
	}
	return all
}

// textconvOnly runs "git textconv FILE" without the command tree, whose making
// would double the time that git log -p takes. It reports whether it did.
func (a *app) textconvOnly(ctx context.Context, args []string) (done bool, err error) {
	if len(args) < 3 || args[0] != "git" || args[1] != "textconv" {
		return false, nil
	}
	vaults := []string{}
	rest := args[2:]
	for len(rest) > 2 && rest[0] == "--vault" {
		vaults, rest = append(vaults, rest[1]), rest[2:]
	}
	if len(rest) != 1 || strings.HasPrefix(rest[0], "-") {
		return false, nil
	}
	if len(vaults) == 0 {
		vaults = []string{"."}
	}
	return true, a.textconv(ctx, rest[0], vaults)
}

