package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) configCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Show the configuration in force and where each part comes from",
		Example: "  " + a.name + " config --env production",
		Args:    exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			return a.config(asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// setting is one line of what config prints.
type setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// storeSettings is what flask-vault.yaml says of a store, on one line.
func storeSettings(c *vault) string {
	var words []string
	for _, s := range c.Location().Settings() {
		words = append(words, s.Name+" "+s.Value)
	}
	return strings.Join(words, ", ")
}

func (a *app) config(asJSON bool) error {
	c, err := a.resolve()
	if err != nil {
		return err
	}
	settings := []setting{{"directory", c.Root, cmp.Or(c.File, "search")}}
	for _, s := range []setting{
		{Name: "environment", Value: c.Environment},
		{Name: "credentials", Value: c.Credentials},
		{Name: "store", Value: storeSettings(c)},
		{Name: "keysource", Value: c.options.Keys.Name()},
		{Name: "key_id", Value: c.KeyID},
		{Name: "base", Value: c.Base},
		{Name: "required", Value: strings.Join(c.Required, ", ")},
		{Name: "not_secret", Value: strings.Join(c.NotSecret, ", ")},
		{Name: "files", Value: strings.Join(c.Files, ", ")},
		{Name: "insecure_key_file", Value: fmt.Sprint(c.Insecure)},
		{Name: "trusted_owners", Value: strings.Trim(fmt.Sprint(c.TrustedOwners), "[]")},
	} {
		if s.Value != "" {
			s.Origin = cmp.Or(c.Origin[s.Name], "default")
			settings = append(settings, s)
		}
	}
	if asJSON {
		return a.printJSON(struct {
			SchemaVersion int       `json:"schema_version"`
			Environments  []string  `json:"environments"`
			Settings      []setting `json:"settings"`
		}{schemaVersion, c.Environments, settings})
	}
	var b strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&b, "%-18s %s  (%s)\n", s.Name, oneLine(s.Value), oneLine(s.Origin))
	}
	fmt.Fprintf(&b, "%-18s %s\n", "environments", strings.Join(c.Environments, ", "))
	return a.print([]byte(b.String()))
}
