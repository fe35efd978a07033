package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Explain a command",
		Example: "  " + a.name + " help get",
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			if len(args) == 0 {
				root.InitDefaultHelpFlag()
				root.InitDefaultVersionFlag()
				return root.Help()
			}
			about, rest, err := root.Find(args)
			switch {
			case err != nil || about == root:
				return a.unknownCommand(root, args[0])
			case len(rest) > 0 && about.HasAvailableSubCommands():
				return a.unknownCommand(about, rest[0])
			case len(rest) > 0:
				return &usageError{msg: fmt.Sprintf("%s has no commands of its own, so there is no help for %q", about.Name(), strings.Join(args, " ")),
					hint: root.CommandPath() + " help " + about.Name()}
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
		ValidArgsFunction: completeCommands,
	}
}

// completeCommands offers the commands that help explains.
func completeCommands(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	about, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return startingWith(commandNames(about), typed), cobra.ShellCompDirectiveNoFileComp
}

// usageTemplate is cobra's with the examples in front.
const usageTemplate = `{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:
  {{if .Runnable}}{{.UseLine}}{{else}}{{.CommandPath}} [command]{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

{{.CommandPath}} COMMAND --help explains a command.{{end}}
`
