package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/cmd/internal/export"
)

type exportOptions struct {
	selection
	format string
	name   string
	output string
	backend.FileOptions
}

func (a *app) exportCommand() *cobra.Command {
	var o exportOptions
	var targets strings.Builder
	for _, t := range export.Targets() {
		fmt.Fprintf(&targets, "  %-12s %s\n", t.Name, t.Summary)
	}
	cmd := &cobra.Command{
		Use:   "export --format FORMAT",
		Short: "Print the secrets for another program to read",
		Long: `Print the secrets, decrypted, in the format of another program:

` + targets.String() + `
json and yaml call them by their paths, the others by the variables that exec
makes. A value is what get prints. If one of them cannot be written so that the
other program reads exactly the same, nothing is printed.`,
		Example: "  " + `eval "$(` + a.name + ` export --format shell --only db)"` + "\n" +
			"  " + a.name + " export --format systemd -o /run/shop.env\n" +
			"  " + a.name + " export --format k8s-secret --name shop | kubectl apply -f -\n" +
			"  " + a.name + ` export --format github >>"$GITHUB_ENV"`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.export(cmd.Context(), o)
		},
		DisableFlagsInUseLine: true,
	}
	flags := cmd.Flags()
	flags.StringVar(&o.format, "format", "", "the `FORMAT` to print: "+strings.Join(targetNames(), ", "))
	o.flags(a, cmd)
	flags.StringVar(&o.name, "name", "", "the name of the Kubernetes Secret")
	flags.StringVarP(&o.output, "output", "o", "", "write to this file, readable for you alone")
	flags.BoolVarP(&o.Force, "force", "f", false, "replace a file that is there, whatever it is")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(targetNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func targetNames() []string {
	var names []string
	for _, t := range export.Targets() {
		names = append(names, t.Name)
	}
	return names
}

func (a *app) export(ctx context.Context, o exportOptions) error {
	target, err := a.target(o)
	if err != nil {
		return err
	}
	choice, err := o.options()
	if err != nil {
		return err
	}
	choice.Paths = target.Paths
	c, layers, err := a.read(ctx)
	if err != nil {
		return err
	}
	vars, err := a.variables(c, layers, choice)
	if err != nil {
		return err
	}
	entries := make([]export.Entry, len(vars))
	for i, v := range vars {
		entries[i] = export.Entry{Key: v.Key, Name: v.Name, Value: v.Value}
	}
	text, err := target.Write(entries, export.Options{Name: o.name})
	if err != nil {
		return unexportable(err)
	}
	switch {
	case o.output != "" && o.output != "-":
		if err := backend.WriteDecrypted(ctx, o.output, text, o.FileOptions); err != nil {
			return err
		}
		a.note("%d secrets are in %s, decrypted", len(entries), oneLine(o.output))
		return nil
	case a.outIsTerminal():
		text = []byte(sanitize(string(text)))
	}
	return a.print(text)
}

func (a *app) target(o exportOptions) (export.Target, error) {
	target, ok := export.ByName(o.format)
	switch {
	case o.format == "":
		return target, &usageError{msg: "export needs a --format: " + strings.Join(targetNames(), ", "), hint: a.name + " export --format json"}
	case !ok:
		e := &usageError{msg: fmt.Sprintf("there is no format %q to export in (there are: %s)", o.format, strings.Join(targetNames(), ", "))}
		if near := config.Nearest(o.format, targetNames()); near != "" {
			e.hint = "did you mean --format " + near + "?"
		}
		return target, e
	case target.NeedsName && o.name == "":
		return target, &usageError{msg: "the format " + target.Name + " needs a --name", hint: a.name + " export --format " + target.Name + " --name shop"}
	case !target.NeedsName && o.name != "":
		return target, &usageError{msg: "--name is for k8s-secret alone"}
	}
	return target, nil
}

// unexportable gives an error of a target its exit code.
func unexportable(err error) error {
	var name *export.NameError
	if errors.As(err, &name) {
		return &codeError{err, exitUsage}
	}
	return &codeError{err, exitInvalid}
}
