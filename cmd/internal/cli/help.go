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

// usage prints cobra's usage with the examples in front. Without templates the
// linker leaves out what no command calls, which halves the program.
func usage(cmd *cobra.Command) error {
	return printUsage(cmd, cmd.Example)
}

func printUsage(cmd *cobra.Command, examples string) error {
	var b strings.Builder
	if examples != "" {
		fmt.Fprintf(&b, "Examples:\n%s\n\n", examples)
	}
	line := cmd.CommandPath() + " [command]"
	if cmd.Runnable() {
		line = cmd.UseLine()
	}
	fmt.Fprintf(&b, "Usage:\n  %s\n", line)
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() || c.Name() == "help" {
				fmt.Fprintf(&b, "  %-*s %s\n", c.NamePadding(), c.Name(), c.Short)
			}
		}
	}
	if cmd.HasAvailableLocalFlags() {
		fmt.Fprintf(&b, "\nFlags:\n%s\n", strings.TrimRight(cmd.LocalFlags().FlagUsages(), " \n"))
	}
	if cmd.HasAvailableInheritedFlags() {
		fmt.Fprintf(&b, "\nFlags of every command:\n%s\n", strings.TrimRight(cmd.InheritedFlags().FlagUsages(), " \n"))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s COMMAND --help explains a command.\n", cmd.CommandPath())
	}
	_, err := fmt.Fprint(cmd.OutOrStderr(), b.String())
	return err
}

// help prints a command's examples, what it is for, and its usage.
func help(cmd *cobra.Command) {
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	out := cmd.OutOrStdout()
	if cmd.HasExample() {
		fmt.Fprintf(out, "Examples:\n%s\n\n", cmd.Example)
	}
	if about = strings.TrimRight(about, " \n"); about != "" {
		fmt.Fprintf(out, "%s\n\n", about)
	}
	cmd.SetOut(out)
	_ = printUsage(cmd, "")
}
