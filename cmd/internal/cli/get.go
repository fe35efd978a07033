package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/format"
)

func (a *app) getCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "get KEY",
		Short: "Print one secret",
		Long: `Print one secret and a newline.

The key is looked up as it is written first, dots included, and then as a path
into nested mappings. A value is printed as it was written (0123 stays 0123),
a mapping or a list in the document's own format. A missing value, and a null,
is "No value for KEY" on standard error, and exit code 3.`,
		Example: "  " + a.name + " get db.password\n  " + a.name + " get -- -key-with-a-dash",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil // also an empty one, which is a name in YAML: Flask-Vault answers it
			}
			return exactly(1, "one KEY")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.get(cmd.Context(), args[0], asJSON)
		},
		ValidArgsFunction: a.completeKeys,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON with the key, the value and its type")
	return cmd
}

func (a *app) get(ctx context.Context, key string, asJSON bool) error {
	_, layers, err := a.read(ctx)
	if err != nil {
		return err
	}
	secret, err := layers.Get(key)
	if errors.Is(err, format.ErrNotFound) && key == "" {
		return &hintError{err, "the KEY is an empty word; perhaps a variable in its place is not set"}
	}
	if err != nil {
		return suggestKey(layers, err)
	}
	if asJSON {
		return a.printJSON(struct {
			SchemaVersion int    `json:"schema_version"`
			Key           string `json:"key"`
			Value         string `json:"value"`
			Type          string `json:"type"`
		}{schemaVersion, key, secret.Reveal(), secret.Kind().String()})
	}
	text := secret.Reveal()
	if a.outIsTerminal() {
		text = sanitize(text)
	}
	return a.print([]byte(text + "\n"))
}

// suggestKey adds the nearest name there is to an error about a missing one.
func suggestKey(v backend.Layers, err error) error {
	var missing *format.NotFoundError
	if !errors.As(err, &missing) || missing.Hint != "" {
		return err
	}
	names, nerr := v.Names()
	if nerr != nil {
		return err
	}
	if near := config.Nearest(missing.Path, names); near != "" && near != missing.Path {
		return &hintError{error: err, hint: fmt.Sprintf("did you mean %s?", near)}
	}
	return err
}
