package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/cmd/internal/textconv"
	"github.com/flask-vault/flask-vault/cmd/internal/textconv/quick"
)

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
	text, err := textconv.File(ctx, path, vaults)
	if err != nil {
		return err
	}
	return a.print(text)
}

// textconvOnly runs "git textconv FILE" without the command tree: git waits for it
// once for each version of each file. It reports whether it did.
func (a *app) textconvOnly(ctx context.Context, args []string) (done bool, err error) {
	if len(args) < 3 || args[0] != "git" || args[1] != "textconv" {
		return false, nil
	}
	file, vaults, ok := quick.Parse(args[2:])
	if !ok {
		return false, nil
	}
	return true, a.textconv(ctx, file, vaults)
}
