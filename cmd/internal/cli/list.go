package cli

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

func (a *app) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the names of all secrets",
		Long: `List the names of all secrets, one a line in the document's order, nested ones
as dotted paths. No values are printed; --json adds their types and lengths.`,
		Example: "  " + a.name + " list\n  " + a.name + " list --env production --json",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.list(cmd.Context(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON with each name, type and length in characters")
	return cmd
}

func (a *app) list(ctx context.Context, asJSON bool) error {
	c, layers, err := a.read(ctx)
	if err != nil {
		return err
	}
	names, err := layers.Names()
	if err != nil {
		return err
	}
	if !asJSON {
		var b strings.Builder
		for _, n := range names {
			b.WriteString(oneLine(n) + "\n")
		}
		return a.print([]byte(b.String()))
	}
	type item struct {
		Name   string `json:"name"`
		Type   string `json:"type"`
		Length int    `json:"length"`
	}
	items := make([]item, len(names))
	for i, n := range names {
		s, err := layers.Get(n)
		if err != nil {
			return err
		}
		items[i] = item{n, s.Kind().String(), utf8.RuneCountInString(s.Reveal())}
	}
	return a.printJSON(struct {
		SchemaVersion int    `json:"schema_version"`
		Environment   string `json:"environment"`
		Secrets       []item `json:"secrets"`
	}{schemaVersion, c.Environment, items})
}
