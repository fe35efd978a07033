package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/format"
)

// maxValue is the most bytes that set takes for one value: 1 MiB.
const maxValue = 1 << 20

// valueSource says where set takes a value from.
type valueSource struct {
	file     string
	generate string
	stdin    bool
	local    bool
}

func (a *app) setCommand() *cobra.Command {
	var from valueSource
	cmd := &cobra.Command{
		Use:   "set KEY [-]",
		Short: "Set one secret",
		Long: `Set one secret, and leave everything else in the document byte for byte.

The value is asked for without an echo, or comes from standard input (-), from a
file, or from the random generator. It is never an argument: other users see
those, and the shell keeps them. One final newline of standard input is dropped;
a file is taken as it is. The value is stored as text: 0123 stays 0123.

A key that is there is changed. A new one goes into the mapping that the first
part of its path names, if there is one, and else to the end, as it is written.`,
		Example: "  " + a.name + " set db.password\n" +
			"  " + a.name + " set smtp.password - <password.txt\n" +
			"  " + a.name + " set tls.key --file server.pem\n" +
			"  " + a.name + " set session.key --generate=64,hex",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 && args[1] == "-" {
				args = args[:1]
			}
			if len(args) == 2 {
				return &usageError{msg: "a value is never an argument, since other users and the shell's history would see it", hint: a.setCall(args[0], from) + " asks for it"}
			}
			return exactly(1, "one KEY")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			from.stdin = len(args) == 2
			if from.stdin && (from.file != "" || from.generate != "") || from.file != "" && from.generate != "" {
				return &usageError{msg: "the value comes from - or from --file or --generate, not from two of them"}
			}
			return a.set(cmd.Context(), args[0], from)
		},
		ValidArgsFunction: a.completeKeys,
	}
	flags := cmd.Flags()
	flags.StringVar(&from.file, "file", "", "take the value from this file, byte for byte")
	flags.StringVar(&from.generate, "generate", "", "make a random value: LENGTH, ALPHABET or both (alnum, hex, digits, base64url, symbols)")
	flags.Lookup("generate").NoOptDefVal = defaultGenerate
	flags.BoolVar(&from.local, "local", false, "set it in this machine's local file, which overrides the environment's")
	return cmd
}

func (a *app) set(ctx context.Context, key string, from valueSource) error {
	c, v, err := a.openToWrite(ctx)
	if err != nil {
		return err
	}
	if from.local {
		if v, err = a.openLocal(ctx, c); err != nil {
			return err
		}
	}
	if err := a.refuseValue(v, key, from); err != nil {
		return err
	}
	value, err := a.value(ctx, key, from)
	if err != nil {
		return err
	}
	return a.update(ctx, c, v, func(doc format.Document) error { return doc.Set(key, value) })
}

// refuseValue refuses KEY=VALUE, as other programs have it: the value would be in the
// name of the key, which list and others show.
func (a *app) refuseValue(v *backend.Vault, key string, from valueSource) error {
	name, _, ok := strings.Cut(key, "=")
	if !ok {
		return nil
	}
	names, err := v.Names()
	if err != nil {
		return err
	}
	if slices.Contains(names, key) {
		return nil
	}
	return &usageError{
		msg:  "a value is never an argument, since other users and the shell's history would see it, and a new key has no = in its name unless edit writes it",
		hint: a.setCall(name, from) + " asks for the value",
	}
}

// update makes a change to the document, again if somebody else saves meanwhile,
// even under a new key.
func (a *app) update(ctx context.Context, c *vault, v *backend.Vault, change func(format.Document) error) error {
	saved, err := updateOnce(ctx, c, v, change)
	for errors.Is(err, backend.ErrAuth) && v.Name() == c.options.Store.Name() {
		if c, v, err = a.openToWrite(ctx); err != nil {
			break
		}
		saved, err = updateOnce(ctx, c, v, change)
	}
	if err != nil {
		return err
	}
	if saved {
		a.saved(c, v)
	} else {
		a.note("nothing changed, nothing saved")
	}
	return nil
}

func updateOnce(ctx context.Context, c *vault, v *backend.Vault, change func(format.Document) error) (saved bool, err error) {
	return v.Update(ctx, func(text []byte) ([]byte, error) {
		doc, err := c.options.Format.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name(), err)
		}
		if err := change(doc); err != nil {
			return nil, err
		}
		return doc.Bytes(), nil
	})
}

// value gets the value that set is to store.
func (a *app) value(ctx context.Context, key string, from valueSource) (string, error) {
	switch {
	case from.stdin:
		text, err := readValue("-", a.input(ctx))
		if err != nil {
			return "", fmt.Errorf("standard input: %w", err)
		}
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
		return string(text), nil
	case from.file != "":
		text, err := readValue(from.file, nil)
		if err != nil {
			return "", fmt.Errorf("%s: %w", from.file, err)
		}
		return string(text), nil
	case from.generate != "":
		return generate(from.generate)
	}
	return a.ask(ctx, key, from)
}

// setCall is how a hint calls set again for a key, for the same file.
func (a *app) setCall(key string, from valueSource) string {
	if from.local {
		return a.name + " set --local " + quote(key)
	}
	return a.name + " set " + quote(key)
}

// ask asks for a value without an echo.
func (a *app) ask(ctx context.Context, key string, from valueSource) (string, error) {
	if a.noInput || !isTerminal(a.in) {
		return "", &usageError{msg: "there is no terminal to ask for the value", hint: a.setCall(key, from) + " - takes it from standard input"}
	}
	fmt.Fprintf(a.err, "value of %s: ", oneLine(key))
	value, err := a.readAnswer(ctx, true)
	if err == nil && value == "" {
		// Enter alone is a slip, and must not take the place of a secret.
		err = &codeError{&hintError{errors.New("no value was typed, nothing is changed"), a.setCall(key, from) + " - </dev/null stores an empty one"}, exitAborted}
	}
	return value, err
}

func readValue(file string, in io.Reader) ([]byte, error) {
	text, err := readInput(file, in, maxValue)
	if errors.Is(err, backend.ErrTooLarge) {
		err = fmt.Errorf("%w: a value has at most %d bytes; encrypt FILE keeps larger ones", backend.ErrTooLarge, maxValue)
	}
	return text, err
}

// openLocal opens the environment's local file, and makes it if there is none.
func (a *app) openLocal(ctx context.Context, c *vault) (*backend.Vault, error) {
	o := c.options
	o.Store = c.Store(c.LocalPath())
	if _, err := backend.Init(ctx, o); err != nil {
		return nil, err
	}
	if inWorkTree(c.Root) {
		if _, err := prepareGit(c.Root, "*.local.*.enc"); err != nil {
			return nil, err
		}
	}
	return backend.Open(ctx, o)
}
