package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show all secrets",
		Long: `Show the whole credentials document: in your editor, for reading alone, when
standard output is a terminal, and else as it is, byte for byte.`,
		Example: "  " + a.name + " show\n  " + a.name + " show | grep smtp",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.show(cmd.Context())
		},
	}
}

func (a *app) show(ctx context.Context) error {
	c, v, err := a.open(ctx)
	if err != nil {
		return err
	}
	text := v.Text()
	switch {
	case a.interactive():
		return a.view(ctx, c, text)
	case a.outIsTerminal():
		return a.print([]byte(sanitize(string(text))))
	}
	return a.print(text)
}
