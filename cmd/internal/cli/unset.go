package cli

import (
	"math"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/format"
)

func (a *app) unsetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unset KEY…",
		Short: "Remove secrets",
		Long: `Remove secrets, and leave everything else in the document byte for byte.

If one of the keys is not there, none is removed.`,
		Example: "  " + a.name + " unset db.password smtp.password",
		Args:    between(1, math.MaxInt, "one KEY or more"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, v, err := a.openToWrite(cmd.Context())
			if err != nil {
				return err
			}
			return a.update(cmd.Context(), c, v, func(doc format.Document) error {
				for _, key := range args {
					if err := doc.Unset(key); err != nil {
						return suggestKey(backend.Layers{v}, err)
					}
				}
				return nil
			})
		},
		ValidArgsFunction: a.completeKeys,
	}
}
