package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
)

func (a *app) encryptCommand() *cobra.Command {
	var output string
	var o backend.FileOptions
	cmd := &cobra.Command{
		Use:   "encrypt FILE",
		Short: "Encrypt a file into FILE.enc",
		Long: `Encrypt a file into FILE.enc beside it. The file itself stays.

A FILE.enc that is there is replaced if it opens with the same key, and left
alone if nothing changed. With - the content comes from standard input and the
result goes to standard output.`,
		Example: "  " + a.name + " encrypt server.pem\n  " + a.name + " encrypt - <server.pem >server.pem.enc",
		Args:    exactly(1, "one FILE, or -"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.encrypt(cmd.Context(), args[0], output, o)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "the file to write, in place of FILE.enc")
	cmd.Flags().BoolVarP(&o.Force, "force", "f", false, "replace a file that is there, whatever it is")
	return cmd
}

func (a *app) encrypt(ctx context.Context, file, output string, o backend.FileOptions) error {
	c, err := a.cipher(ctx)
	if err != nil {
		return err
	}
	if file != "-" {
		output = cmp.Or(output, file+".enc")
		if err := c.EncryptFile(ctx, file, output, o); err != nil {
			return err
		}
		a.note("%s is encrypted in %s (key %s)", sanitize(file), sanitize(output), c.KeyID())
		return nil
	}
	plaintext, err := durable.ReadAll(a.in, backend.MaxFileSize)
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if output != "" && output != "-" {
		return c.WriteEncrypted(ctx, output, plaintext, o)
	}
	token, err := c.Seal(plaintext, nil)
	if err != nil {
		return err
	}
	if a.outIsTerminal() {
		token = append(token, '\n')
	}
	return a.print(token)
}
