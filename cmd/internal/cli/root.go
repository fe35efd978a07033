package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/plugins/launch"
)

// Commands is the command tree of flask-vault, for what describes it: manual
// pages, completions and tests. It is not meant to be executed.
func Commands() *cobra.Command {
	return (&app{name: "flask-vault", in: os.Stdin, out: os.Stdout, err: os.Stderr}).root(nil)
}

// CompletionScripts are the shells that completion knows, each with a function
// that writes its script.
func CompletionScripts() map[string]func(w io.Writer) error {
	scripts := map[string]func(io.Writer) error{}
	for _, s := range shells() {
		scripts[s.name] = func(w io.Writer) error { return s.write(Commands(), w, true) }
	}
	return scripts
}

// root makes the command tree for these arguments. Every command is a constructor
// in a file of its own.
func (a *app) root(args []string) *cobra.Command {
	var showVersion bool
	cmd := &cobra.Command{
		Use:   strings.Fields(a.name)[0],
		Short: "Secrets in an encrypted file in git, the key outside of it",
		Long: `Secrets in an encrypted file in git, the key outside of it.

  ` + a.name + ` init                  make a master key and an encrypted credentials file
  ` + a.name + ` edit                  write secrets in your editor
  ` + a.name + ` get db.password       print one`,
		SilenceErrors: true, // printed once, by fail
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case showVersion:
				return a.print([]byte(version() + "\n"))
			case len(args) > 0:
				return a.unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs, // so that an unknown command comes to RunE
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			// What only reads may be ended at any moment; the others finish their step.
			if cmd.Name() != "get" && cmd.Name() != "serve" {
				cmd.Context().Done()
			}
			// An editor, a plugin or git gets no file that our parent left open.
			// What exec runs does: it may be a server that was handed its socket.
			if cmd.Name() == "exec" {
				return nil
			}
			return launch.CloseOnExec()
		},
		// "flask vault" is two words, of which cobra would take the first.
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: a.name},
	}
	cmd.SetUsageFunc(usage)
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help(cmd) })
	cmd.SetOut(a.out)
	cmd.SetErr(a.err)
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		e := &usageError{msg: err.Error(), hint: cmd.CommandPath() + " --help"}
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
			if near := config.Nearest(unknown.GetSpecifiedName(), flagNames(cmd)); near != "" {
				e.hint = fmt.Sprintf("did you mean --%s? %s lists the flags", near, e.hint)
			}
		}
		return e
	})
	cmd.Flags().BoolVarP(&showVersion, "version", "v", false, "version for "+a.name)
	flags := cmd.PersistentFlags()
	flags.StringVar(&a.overrides.Environment, "env", "", "the environment, such as production (FLASK_VAULT_ENV)")
	flags.StringSliceVar(&a.overrides.KeySources, "keysource", nil, "where the key comes from this time: env, env:NAME, file, file:PATH or a plugin (FLASK_VAULT_KEYSOURCE)")
	flags.StringVar(&a.overrides.File, "config", "", "the configuration file (FLASK_VAULT_CONFIG)")
	flags.BoolVar(&a.overrides.InsecureKeyFile, "insecure-key-file", false, "read a key file that other users can read (FLASK_VAULT_INSECURE_KEY_FILE=1)")
	flags.BoolVar(&a.noInput, "no-input", false, "never ask, never open an editor")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "say nothing but errors")
	for _, c := range a.commands(args) {
		cmd.AddCommand(c())
	}
	if len(cmd.Commands()) > 1 {
		_ = cmd.RegisterFlagCompletionFunc("env", a.completeEnvironments)
		_ = cmd.RegisterFlagCompletionFunc("keysource", a.completeSources)
	}
	cmd.SetHelpCommand(a.helpCommand())
	return cmd
}

// commands returns the constructors of all commands, in the order of the help; of
// the one alone that args begin with, if they do. Making all of them costs a get
// as much as opening the vault.
func (a *app) commands(args []string) []func() *cobra.Command {
	all := []struct {
		name string
		make func() *cobra.Command
	}{
		{"init", a.initCommand},
		{"get", a.getCommand},
		{"show", a.showCommand},
		{"edit", a.editCommand},
		{"encrypt", a.encryptCommand},
		{"decrypt", a.decryptCommand},
		{"set", a.setCommand},
		{"unset", a.unsetCommand},
		{"list", a.listCommand},
		{"diff", a.diffCommand},
		{"check", a.checkCommand},
		{"exec", a.execCommand},
		{"export", a.exportCommand},
		{"import", a.importCommand},
		{"rekey", a.rekeyCommand},
		{"key", a.keyCommand},
		{"copy", a.copyCommand},
		{"remote", a.remoteCommand},
		{"team", a.teamCommand},
		{"plugin", a.pluginCommand},
		{"git", a.gitCommand},
		{"leaks", a.leaksCommand},
		{"doctor", a.doctorCommand},
		{"serve", a.serveCommand},
		{"config", a.configCommand},
		{"completion", a.completionCommand},
		{"version", a.versionCommand},
	}
	makers := make([]func() *cobra.Command, len(all))
	for i, c := range all {
		if len(args) > 0 && args[0] == c.name {
			return []func() *cobra.Command{c.make}
		}
		makers[i] = c.make
	}
	return makers
}

func (a *app) unknownCommand(root *cobra.Command, name string) error {
	e := &usageError{msg: fmt.Sprintf("there is no command %q", name), hint: root.CommandPath() + " --help lists the commands"}
	if root.HasParent() {
		e.msg = fmt.Sprintf("%s has no command %q", root.Name(), name)
	}
	if near := config.Nearest(name, commandNames(root)); near != "" {
		e.hint = fmt.Sprintf("did you mean %q? %s", near, e.hint)
	}
	return e
}

// group makes a command that only holds others.
func (a *app) group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return a.unknownCommand(cmd, args[0])
		},
	}
	cmd.AddCommand(commands...)
	return cmd
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { // cobra has added the flags of every command
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// exactly checks the number of arguments, and says how the command is typed.
func exactly(n int, names string) cobra.PositionalArgs { return between(n, n, names) }

// between is exactly for a command that takes from least to most arguments. An
// empty one is none: it is a variable of a script that has no value.
func between(least, most int, names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		hint := strings.TrimSpace(strings.SplitN(cmd.Example, "\n", 2)[0])
		switch {
		case len(args) < least || len(args) > most:
			msg := fmt.Sprintf("%s takes %s", cmd.Name(), names)
			if most == 0 {
				msg = cmd.Name() + " takes no arguments"
			}
			return &usageError{msg: msg, hint: hint}
		case slices.Contains(args, ""):
			return &usageError{msg: fmt.Sprintf("%s takes %s, not an empty word", cmd.Name(), names), hint: hint}
		}
		return nil
	}
}
