package cli

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
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
result goes to standard output. A directory or a device is no FILE, and a pipe is
one with --output alone.`,
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
	v, c, err := a.cipher(ctx)
	if err != nil {
		return err
	}
	bar := a.progressBar("encrypting")
	defer bar.clear()
	o.Progress = bar.show
	if file != "-" {
		if output == "" {
			if err := a.regularFile(file); err != nil {
				return err
			}
		}
		output = cmp.Or(output, file+".enc")
		if err := a.refuseEncrypted(v, output, o); err != nil {
			return err
		}
		if err := c.EncryptFile(ctx, file, output, o); err != nil {
			return err
		}
		bar.clear()
		a.encrypted(v, c, file, output)
		return nil
	}
	if output != "" && output != "-" {
		if err := a.refuseEncrypted(v, output, o); err != nil {
			return err
		}
		if err := c.EncryptFrom(ctx, "standard input", a.input(ctx), output, o); err != nil {
			return err
		}
		bar.clear()
		a.encrypted(v, c, "standard input", output)
		return nil
	}
	bar.off = a.outIsTerminal() // the bar and the text would be on one screen
	if err := c.SealTo(ctx, outputWriter{a.out}, "standard input", a.input(ctx), o); err != nil {
		return err
	}
	if a.outIsTerminal() {
		return a.print([]byte("\n"))
	}
	return nil
}

func (a *app) encrypted(v *vault, c *backend.Cipher, from, to string) {
	a.note("%s is encrypted in %s (environment %s, key %s)", oneLine(from), oneLine(to), v.Environment, c.KeyID())
}

// refuseEncrypted is refuseOwn for what encrypt writes. Without --force nothing is
// replaced that does not open with the key, so of those files the previous keys alone.
func (a *app) refuseEncrypted(v *vault, output string, o backend.FileOptions) error {
	if !o.Force && !strings.HasSuffix(output, ".previous.enc") {
		return nil
	}
	return a.refuseOwn(v.Config, output, false)
}
