package cli

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// A shell is one that completion writes a script for.
type shell struct {
	name  string
	load  string // how a person loads the script, with %s for how we are called
	write func(root *cobra.Command, w io.Writer, descriptions bool) error
}

func shells() []shell {
	return []shell{
		{"bash", `eval "$(%s completion bash)"`, (*cobra.Command).GenBashCompletionV2},
		{"zsh", `source <(%s completion zsh)`, func(root *cobra.Command, w io.Writer, descriptions bool) error {
			if descriptions {
				return root.GenZshCompletion(w)
			}
			return root.GenZshCompletionNoDesc(w)
		}},
		{"fish", `%s completion fish | source`, (*cobra.Command).GenFishCompletion},
		{"powershell", `%s completion powershell | Out-String | Invoke-Expression`, func(root *cobra.Command, w io.Writer, descriptions bool) error {
			if descriptions {
				return root.GenPowerShellCompletionWithDesc(w)
			}
			return root.GenPowerShellCompletion(w)
		}},
	}
}

// completionCommand takes the place of cobra's own, which answers an unknown
// shell with its help and exit code 0.
func (a *app) completionCommand() *cobra.Command {
	var commands []*cobra.Command
	for _, s := range shells() {
		commands = append(commands, a.shellCommand(s))
	}
	cmd := a.group("completion", "Print the script with which a shell completes commands and keys", commands...)
	cmd.Long = `Print the script with which a shell completes commands, flags, environments and
the names of secrets. Names are read from the vault while you type, values never
leave it; where no key is at hand, none is offered.`
	cmd.Example = "  " + strings.Replace(shells()[0].load, "%s", a.name, 1)
	return cmd
}

func (a *app) shellCommand(s shell) *cobra.Command {
	var bare bool
	load := strings.Replace(s.load, "%s", a.name, 1)
	cmd := &cobra.Command{
		Use:   s.name,
		Short: "Print the script for " + s.name,
		Long: "Print the script with which " + s.name + ` completes. The example loads it for one
session; that line in the shell's start-up file loads it for all.`,
		Example: "  " + load,
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var script bytes.Buffer
			if err := s.write(cmd.Root(), &script, !bare); err != nil {
				return err
			}
			return a.print(script.Bytes())
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&bare, "no-descriptions", false, "offer words without a description")
	return cmd
}

// completeKeys offers the names of the secrets that begin with what is typed.
// get and set take one, unset and --only any number.
func (a *app) completeKeys(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 && (cmd.Name() == "get" || cmd.Name() == "set") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return without(a.keysLike(cmd, typed), args), cobra.ShellCompDirectiveNoFileComp
}

// completeOnly is completeKeys for a flag that takes several, with commas.
func (a *app) completeOnly(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	at := strings.LastIndex(typed, ",") + 1
	names := without(a.keysLike(cmd, typed[at:]), strings.Split(typed[:at], ","))
	for i, n := range names {
		names[i] = typed[:at] + n
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeMap offers KEY= for a flag that takes KEY=NAME.
func (a *app) completeMap(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	names := a.keysLike(cmd, typed)
	for i := range names {
		names[i] += "="
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// keysLike reads the names from the vault; none if that cannot be done without
// a word to the person, who is typing.
func (a *app) keysLike(cmd *cobra.Command, typed string) []string {
	a.quiet, a.noInput = true, true
	read := a.read
	if cmd.Name() == "unset" {
		read = a.ownLayer
	}
	_, layers, err := read(cmd.Context())
	if err != nil {
		return nil
	}
	names, _ := layers.Names()
	return startingWith(names, typed)
}

// ownLayer is the environment's own vault: what it is based on cannot be unset.
func (a *app) ownLayer(ctx context.Context) (*vault, backend.Layers, error) {
	c, v, err := a.open(ctx)
	return c, backend.Layers{v}, err
}

// completeEnvironments offers the environments that flask-vault.yaml has.
func (a *app) completeEnvironments(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	o := a.overrides
	o.Environment = config.DefaultEnvironment // whatever FLASK_VAULT_ENV says
	c, err := config.Resolve(o)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return startingWith(c.Environments, typed), cobra.ShellCompDirectiveNoFileComp
}

// completeSources offers what --keysource takes: the two that are built in, with
// and without an argument, and the plugins that are installed.
func (a *app) completeSources(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return startingWith(append([]string{"env", "env:", "file", "file:"}, pluginNames()...), typed),
		cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completePlugins offers the plugins that are installed.
func (a *app) completePlugins(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return startingWith(pluginNames(), typed), cobra.ShellCompDirectiveNoFileComp
}

func pluginNames() []string {
	store, err := trust.Default()
	if err != nil {
		return nil
	}
	records, _ := store.List() // those that can be read
	var names []string
	for _, r := range records {
		names = append(names, r.Name)
	}
	return names
}

// startingWith keeps the words that begin so, and that a shell can be told: a
// line is one word, and a tab begins its description.
func startingWith(words []string, typed string) []string {
	var kept []string
	for _, w := range words {
		if strings.HasPrefix(w, typed) && !strings.ContainsFunc(w, unicode.IsControl) {
			kept = append(kept, w)
		}
	}
	return kept
}

// without drops the words that are typed already.
func without(words, typed []string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return slices.Contains(typed, w) })
}
