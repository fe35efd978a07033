package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
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
	v, c, err := a.cipher(ctx)
	if err != nil {
		return err
	}
	a.noteReadOnly(c)
	bar := a.progressBar("decrypting")
	defer bar.clear()
	o.Progress = bar.show
	if output != "" && output != "-" {
		if o.Force {
			if err := a.refuseOwn(v.Config, output, true); err != nil {
				return err
			}
		}
		if file == "-" {
			return c.DecryptFrom(ctx, "standard input", a.input(ctx), output, o)
		}
		if err := c.DecryptFile(ctx, file, output, o); err != nil {
			return err
		}
		bar.clear()
		a.note("%s is decrypted in %s", oneLine(file), oneLine(output))
		return nil
	}
	var content *backend.Content
	if file == "-" {
		content, err = c.OpenContentFrom(ctx, "standard input", a.input(ctx), o)
	} else {
		content, err = c.OpenContent(ctx, file, o)
	}
	if err != nil {
		return err
	}
	defer content.Close()
	if !a.outIsTerminal() || output != "" {
		return content.CopyTo(ctx, outputWriter{a.out})
	}
	bar.clear()
	bar.off = true // the bar and the text would be on one screen
	var text textWriter
	if err := content.CopyTo(ctx, &text); err != nil {
		return err
	}
	if text.binary || len(text.rest) > 0 {
		return &codeError{&hintError{errors.New("the content is binary and is not shown on a terminal"), fmt.Sprintf("%s decrypt %s -o FILE writes it to a file", a.name, quote(file))}, exitPolicy}
	}
	return content.CopyTo(ctx, &textWriter{to: outputWriter{a.out}})
}

// textWriter takes text whose characters may be cut by the borders of writes. It
// finds out whether it is text at all, and passes it on made safe for a terminal.
type textWriter struct {
	to     io.Writer // nil if it is only to be looked at
	rest   []byte    // of a character that is not complete
	binary bool
}

func (t *textWriter) Write(b []byte) (int, error) {
	text := append(t.rest, b...)
	end := len(text)
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if last := text[len(text)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				end = len(text) - i
			}
			break
		}
	}
	t.rest = bytes.Clone(text[end:])
	t.binary = t.binary || !isText(text[:end])
	if t.to != nil {
		if _, err := io.WriteString(t.to, sanitize(string(text[:end]))); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}
