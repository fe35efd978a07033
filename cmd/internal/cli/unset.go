package cli

import (
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/format"
)

func (a *app) unsetCommand() *cobra.Command {
	var local bool
	cmd := &cobra.Command{
		Use:   "unset KEY…",
		Short: "Remove secrets",
		Long: `Remove secrets, and leave everything else in the document byte for byte.

If one of the keys is not there, none is removed.`,
		Example: "  " + a.name + " unset db.password smtp.password\n  " + a.name + " unset db.host --local",
		Args:    between(1, math.MaxInt, "one KEY or more"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, v, err := a.openToWrite(cmd.Context())
			if err != nil {
				return err
			}
			if local {
				if v, err = a.openLocal(cmd.Context(), c); err != nil {
					return err
				}
			}
			seen := map[string]bool{}
			args = slices.DeleteFunc(args, func(key string) bool {
				again := seen[key]
				seen[key] = true
				return again
			})
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
	cmd.Flags().BoolVar(&local, "local", false, "remove them from this machine's local file")
	return cmd
}
