package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
)

func (a *app) decryptCommand() *cobra.Command {
	var output string
	var o backend.FileOptions
	cmd := &cobra.Command{
		Use:   "decrypt FILE",
		Short: "Print what an encrypted file holds",
		Long: `Print what an encrypted file holds, byte for byte, or write it to a file with -o.

On a terminal, control characters are shown and not obeyed, and binary content
is refused. With - the encrypted content comes from standard input.`,
		Example: "  " + a.name + " decrypt server.pem.enc\n  " + a.name + " decrypt server.pem.enc -o server.pem",
		Args:    exactly(1, "one FILE, or -"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decrypt(cmd.Context(), args[0], output, o)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this file, readable for you alone")
	cmd.Flags().BoolVarP(&o.Force, "force", "f", false, "replace a file that is there, whatever it is")
	return cmd
}

func (a *app) decrypt(ctx context.Context, file, output string, o backend.FileOptions) error {
	c, err := a.cipher(ctx)
	if err != nil {
		return err
	}
	a.noteReadOnly(c)
	if output != "" && output != "-" && file != "-" {
		if err := c.DecryptFile(ctx, file, output, o); err != nil {
			return err
		}
		a.note("%s is decrypted in %s", sanitize(file), sanitize(output))
		return nil
	}
	var plaintext []byte
	if file == "-" {
		token, err := durable.ReadAll(a.in, backend.MaxEncryptedSize)
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		if plaintext, err = c.Open(token, nil); err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
	} else if plaintext, err = c.OpenFile(file); err != nil {
		return err
	}
	if a.outIsTerminal() && output == "" {
		if !isText(plaintext) {
			return &codeError{&hintError{errors.New("the content is binary and is not shown on a terminal"), fmt.Sprintf("%s decrypt %s -o FILE writes it to a file", a.name, quote(file))}, exitPolicy}
		}
		plaintext = []byte(sanitize(string(plaintext)))
	}
	if output != "" && output != "-" {
		return backend.WriteDecrypted(ctx, output, plaintext, o)
	}
	return a.print(plaintext)
}
